#!/bin/sh
# One training in several processes: GPUs, or the cores of a CPU.
#
#   feraug prepare drawn:1000
#   PROCESSES=2 sh examples/torchrun.sh --steps 300 --batch-size 8
#
# --batch-size counts over all processes.  On several machines, with a workspace that all of them see,
# replace --standalone by: --nnodes 2 --node-rank 0 --master-addr HOST --master-port 29500
set -eu
exec torchrun --standalone --nproc-per-node "${PROCESSES:-2}" \
  -m feraug train weighted --pair neutral:happy "$@"
