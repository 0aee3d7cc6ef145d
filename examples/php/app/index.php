<!DOCTYPE html>
<html lang="en">
<head><title>php</title></head>
<body><h1><?= htmlspecialchars('php answers') ?></h1></body>
</html>
