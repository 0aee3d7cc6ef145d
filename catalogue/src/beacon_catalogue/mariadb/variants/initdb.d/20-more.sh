#!/bin/bash
# A file that may be executed is run on its own.
date
