<?php
// Files and folders: written, locked, linked, listed, renamed, cut, dated, removed.
require 'common.php';

$root = folder() . '/files-' . getmypid();
mkdir("$root/inner", 0755, true);
$file = "$root/file";
file_put_contents($file, str_repeat('0123456789', 1000), LOCK_EX);
file_put_contents($file, 'end', FILE_APPEND);
$handle = fopen($file, 'r+b');
$locked = flock($handle, LOCK_EX | LOCK_NB);
fseek($handle, -3, SEEK_END);
$end = fread($handle, 3);
ftruncate($handle, 5000);
fflush($handle);
fsync($handle);
flock($handle, LOCK_UN);
fclose($handle);
rename($file, "$root/inner/renamed");
copy("$root/inner/renamed", "$root/copy");
symlink('copy', "$root/symbolic");
link("$root/copy", "$root/hard");
chmod("$root/copy", 0640);
touch("$root/copy", 1_000_000_000);
clearstatcache();
$temporary = tmpfile();
fwrite($temporary, 'temporary');
$facts = [
    'locked' => $locked, 'end' => $end, 'size' => filesize("$root/copy"), 'links' => stat("$root/hard")['nlink'],
    'mode' => decoct(fileperms("$root/copy") & 0777), 'time' => filemtime("$root/copy"),
    'target' => readlink("$root/symbolic"), 'real' => basename(realpath("$root/symbolic")),
    'list' => scandir($root), 'glob' => count(glob("$root/*")), 'space' => disk_free_space($root) !== false,
    'temporary' => fstat($temporary)['size'], 'refused' => @fopen('/etc/shadow', 'rb') === false,
];
remove_folder($root);
answer($facts + ['left' => file_exists($root)]);
