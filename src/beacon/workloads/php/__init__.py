"""PHP: the workload of a web server that runs the demo application of images/php/app."""
