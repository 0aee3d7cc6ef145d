<?php
// Removes what the pages made.
require 'common.php';

remove_folder(folder());
answer(['left' => file_exists(sys_get_temp_dir() . '/beacon-demo')]);
