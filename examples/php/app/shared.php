<?php
// Memory, semaphores and messages that processes share, where the kernel lets them.
require 'common.php';

$key = 0x62656163 + getmypid();
$memory = shmop_open($key, 'c', 0600, 1024);
shmop_write($memory, 'shared', 0);
$read = shmop_read($memory, 0, 6);
shmop_delete($memory);
$semaphore = sem_get($key);
$acquired = sem_acquire($semaphore, true) && sem_release($semaphore);
sem_remove($semaphore);
$queue = msg_get_queue($key, 0600);
msg_send($queue, 1, 'message');
msg_receive($queue, 1, $type, 100, $message);
msg_remove_queue($queue);
$pair = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
fwrite($pair[0], 'paired');
$ready = [$pair[1]];
$none = null;
$count = stream_select($ready, $none, $none, 1);
answer(['memory' => $read, 'semaphore' => $acquired, 'message' => $message, 'ready' => $count, 'pair' => fread($pair[1], 6)]);
