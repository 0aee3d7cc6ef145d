<?php
// Runs programs: by a shell, with pipes, in the background, to their end and before it.
require 'common.php';

exec('echo first; echo second; exit 3', $lines, $code);
$process = proc_open(['cat'], [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, '/tmp', ['BEACON' => '1']);
fwrite($pipes[0], 'through a pipe');
fclose($pipes[0]);
$output = stream_get_contents($pipes[1]);
array_map('fclose', array_slice($pipes, 1));
$ended = proc_close($process);

$sleeper = proc_open('echo ready; exec sleep 30', [1 => ['pipe', 'w']], $waiting);
fgets($waiting[1]);
proc_terminate($sleeper);
$signal = null;
for ($tries = 0; $tries < 100 && $signal === null; $tries++) {
    $status = proc_get_status($sleeper);
    $signal = $status['running'] ? null : $status['termsig'];
    usleep(10_000);
}
fclose($waiting[1]);
proc_close($sleeper);
$stream = popen('tr a-z A-Z >/dev/null', 'w');
fwrite($stream, 'content');
answer([
    'lines' => $lines, 'code' => $code, 'output' => $output, 'ended' => $ended, 'signal' => $signal,
    'popen' => pclose($stream), 'shell' => trim((string) shell_exec('cd /usr && pwd')),
    'mail' => @mail('nobody@localhost', 'beacon', 'off'),
]);
