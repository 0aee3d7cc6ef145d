<?php
// Asks this server for its own page: by curl, one by one and together, by streams and by a socket.
require 'common.php';

function curl(): CurlHandle
{
    $handle = curl_init('http://127.0.0.1/body.php');
    $options = [CURLOPT_RETURNTRANSFER => true, CURLOPT_POSTFIELDS => 'beacon', CURLOPT_TIMEOUT => 3];
    curl_setopt_array($handle, $options);
    return $handle;
}

$together = curl_multi_init();
$handles = [curl(), curl()];
foreach ($handles as $handle) {
    curl_multi_add_handle($together, $handle);
}
do {
    curl_multi_exec($together, $running);
    $running && curl_multi_select($together, 0.1);
} while ($running);

$form = ['http' => ['method' => 'POST', 'header' => 'Content-Type: text/plain', 'content' => 'beacon', 'timeout' => 3]];
$socket = stream_socket_client('tcp://127.0.0.1:80', $code, $problem, 3);
fwrite($socket, "GET /index.php HTTP/1.0\r\nHost: localhost\r\n\r\n");
$line = fgets($socket);
fclose($socket);
answer([
    'curl' => json_decode(curl_exec(curl())),
    'together' => array_map(fn ($handle) => json_decode(curl_multi_getcontent($handle)), $handles),
    'stream' => json_decode(file_get_contents('http://127.0.0.1/body.php', false, stream_context_create($form))),
    'socket' => str_contains((string) $line, '200'),
]);
