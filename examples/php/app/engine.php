<?php
// What PHP itself is: its cache of compiled files, a file that is made, run and compiled anew.
require 'common.php';

$file = folder() . '/made-' . getmypid() . '.php';
$results = [];
foreach ([1, 2] as $number) {
    file_put_contents($file, "<?php return $number;");
    function_exists('opcache_invalidate') && opcache_invalidate($file, true);
    $results[] = include $file;
}
unlink($file);
$status = function_exists('opcache_get_status') ? opcache_get_status(false) : false;
answer(['results' => $results, 'cached' => (bool) ($status['opcache_enabled'] ?? false), 'interface' => PHP_SAPI]);
