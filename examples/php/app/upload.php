<?php
// Takes files and fields of a form; says what came and keeps nothing.
require 'common.php';

$files = [];
foreach ($_FILES as $name => $file) {
    $kept = tempnam(folder(), 'upload');
    $moved = $file['error'] === UPLOAD_ERR_OK && move_uploaded_file($file['tmp_name'], $kept);
    $files[$name] = [
        'error' => $file['error'],
        'name' => $file['name'],
        'size' => $moved ? filesize($kept) : null,
        'sha256' => $moved ? hash_file('sha256', $kept) : null,
        'type' => $moved ? mime_content_type($kept) : null,
    ];
    unlink($kept);
}
answer(['files' => $files, 'fields' => $_POST]);
