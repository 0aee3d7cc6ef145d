<?php
// A database in a file: statements, transactions, a log before it, and its end.
require 'common.php';

$file = folder() . '/data-' . getmypid() . '.sqlite';
$database = new PDO('sqlite:' . $file, null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$database->exec('PRAGMA journal_mode = ' . (isset($_GET['wal']) ? 'WAL' : 'DELETE'));
$database->exec('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE)');
$insert = $database->prepare('INSERT INTO items (name) VALUES (?)');
$database->beginTransaction();
for ($number = 0; $number < 100; $number++) {
    $insert->execute(["item $number"]);
}
$database->commit();
$database->beginTransaction();
$database->exec('DELETE FROM items');
$database->rollBack();
try {
    $insert->execute(['item 1']);
    $refused = false;
} catch (PDOException) {
    $refused = true;
}
$sum = $database->query('SELECT sum(id) FROM items WHERE id > 50')->fetchColumn();
$database->exec('CREATE TABLE large AS SELECT randomblob(100000) AS content');
$database->exec('DROP TABLE large');
$database->exec('VACUUM');
$insert = null;
$database = null;
array_map('unlink', glob("$file*"));
answer(['sum' => (int) $sum, 'refused' => $refused, 'left' => count(glob("$file*"))]);
