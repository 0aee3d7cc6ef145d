<?php
// Computes: text, dates, regular expressions, compression, secrets, XML, much memory.
require 'common.php';

$text = str_repeat('Grüße aus der Küche. ', 500);
$document = new DOMDocument();
$document->loadXML('<list><item>a</item><item>b</item></list>');
$large = str_repeat('x', 32 << 20);
for ($offset = 0; $offset < strlen($large); $offset += 4096) {
    $large[$offset] = 'y';
}
$signed = openssl_encrypt('secret', 'aes-256-gcm', str_repeat('k', 32), 0, str_repeat('i', 12), $tag);
answer([
    'upper' => substr(hash('sha256', mb_strtoupper($text)), 0, 16),
    'words' => preg_match_all('/\p{L}+/u', $text),
    'packed' => gzuncompress(gzcompress($text)) === $text,
    'date' => (new DateTimeImmutable('2024-02-29 12:00', new DateTimeZone('Europe/Berlin')))->modify('+1 year')->format('c'),
    'password' => password_verify('beacon', password_hash('beacon', PASSWORD_BCRYPT, ['cost' => 4])),
    'random' => strlen(random_bytes(32)),
    'cipher' => openssl_decrypt($signed, 'aes-256-gcm', str_repeat('k', 32), 0, str_repeat('i', 12), $tag),
    'items' => (new DOMXPath($document))->evaluate('count(//item)'),
    'memory' => substr_count($large, 'y'),
    'collected' => gc_collect_cycles() >= 0,
    'name' => gethostbyname('localhost'),
    'unserialized' => unserialize(serialize(['a' => 1])),
]);
