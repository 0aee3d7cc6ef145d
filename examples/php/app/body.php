<?php
// Says what came, by which method, unread by PHP itself.
require 'common.php';

$input = fopen('php://input', 'rb');
$context = hash_init('sha256');
$size = hash_update_stream($context, $input);
answer(['method' => $_SERVER['REQUEST_METHOD'], 'size' => $size, 'sha256' => hash_final($context)]);
