<?php
header('Content-Type: text/plain; charset=utf-8');
setcookie('seen', '1');
if ($_SERVER['REQUEST_METHOD'] === 'PUT') {
    echo json_encode(['name' => basename($_SERVER['REQUEST_URI']), 'bytes' => strlen(file_get_contents('php://input'))]);
} else {
    echo 'page ' . $_GET['page'];
}
