<?php
// Sends a long answer in pieces, or a file.
if (isset($_GET['file'])) {
    header('Content-Type: text/plain');
    readfile(__FILE__);
    exit;
}
while (ob_get_level() > 0) {
    ob_end_flush();
}
for ($number = 0; $number < 20; $number++) {
    echo str_repeat((string) ($number % 10), 10_000);
    flush();
    usleep(5_000);
}
