<?php
// Fails in the way that is asked for; the server must live on.
match ($_GET['how'] ?? '') {
    'exception' => throw new RuntimeException('asked for'),
    'memory' => str_repeat('x', 1 << 40),
    'exit' => exit(1),
    'time' => (function () { set_time_limit(1); while (true) { } })(),
    default => http_response_code(404),
};
