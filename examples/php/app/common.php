<?php
// What the demo application's pages share: answers in JSON, and a folder for what they keep.
declare(strict_types=1);

function answer(array $facts): never
{
    header('Content-Type: application/json');
    echo json_encode($facts, JSON_THROW_ON_ERROR);
    exit;
}

function folder(): string
{
    $folder = sys_get_temp_dir() . '/beacon-demo';
    if (!is_dir($folder)) {
        @mkdir($folder, 0700, true);
    }
    return $folder;
}

function remove_folder(string $folder): void
{
    if (!is_dir($folder)) {
        return;
    }
    $inner = new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS);
    foreach (new RecursiveIteratorIterator($inner, RecursiveIteratorIterator::CHILD_FIRST) as $entry) {
        $entry->isDir() && !$entry->isLink() ? rmdir($entry->getPathname()) : unlink($entry->getPathname());
    }
    rmdir($folder);
}
