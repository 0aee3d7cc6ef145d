<?php
// Counts the visits of a session; `end` forgets it.
require 'common.php';

session_start(['use_strict_mode' => true, 'cookie_httponly' => true]);
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
$visits = $_SESSION['visits'];
if (isset($_GET['renew'])) {
    session_regenerate_id(true);
}
if (isset($_GET['end'])) {
    session_destroy();
}
answer(['visits' => $visits]);
