#!/bin/bash
#SBATCH --job-name=coxswain
#SBATCH --array=1-16
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=08:00:00
#SBATCH --signal=B:TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=coxswain-%A_%a.log

# A command of cox as an array of 16 shards, and a job that merges them:
#
#   export COX_FOLDER=/shared/run        # has c.yaml; gets the stores
#   job=$(sbatch --parsable slurm.sh compare --methods best-of,amc)
#   sbatch --dependency=afterok:$job --array=0 slurm.sh compare --methods best-of,amc
#
# Number 0 of an array merges. To continue after a failure, submit the same again: nothing stored is asked twice.

set -u
: "${COX_FOLDER:?Name a folder that all nodes share in COX_FOLDER}"
cox=${COX:-cox}
shards=${COX_SHARDS:-16}
number=$SLURM_ARRAY_TASK_ID
verb=$1
shift
cd "$COX_FOLDER" || exit

if [ "$number" -eq 0 ]; then
  for each in $(seq "$shards"); do
    if [ ! -e "shards/$each/store.sqlite" ]; then
      echo "Shard $each/$shards has no store." >&2
      exit 1
    fi
  done
  "$cox" merge --store all.sqlite shards/*/store.sqlite || exit
  # Everything is stored. It says so if it would ask for more.
  exec "$cox" "$verb" --config c.yaml --store all.sqlite --limit-calls 0 --json result.json "$@"
fi

# A folder for each, since commands write beside their store, too.
mkdir -p "shards/$number"
for each in *.critic.json *.plan.json; do
  if [ -e "$each" ]; then cp "$each" "shards/$number/"; fi
done

stopping=
# Slurm sends SIGTERM five minutes before the time is over, and before it preempts a job.
trap 'stopping=1; kill -TERM "$process"' TERM
"$cox" "$verb" --config c.yaml --store "shards/$number/store.sqlite" --shard "$number/$shards" \
  --json "shards/$number/result.json" "$@" &
process=$!
wait "$process"
status=$?
if [ -n "$stopping" ]; then
  # Calls in flight are finished and stored.
  wait "$process"
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$number"
fi
exit "$status"
