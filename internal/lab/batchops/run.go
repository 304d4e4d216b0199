package batchops

import (
	"fmt"
	"strings"
	"time"

	"parallax/internal/lab/buckets"
)

// Task is what has become of one row: Refusal is empty where it succeeded.
type Task struct {
	Row
	Changed bool
	Refusal string
}

// Run carries out a job on two linked buckets at a moment. regions says in which region each bucket lies.
// A replication runs in the region of its source, a copy in that of its target.
// Source: Amazon S3 User Guide, "Copy objects", restrictions; "Replicating existing objects with Batch Replication".
func Run(j Job, manifest []byte, pair *buckets.Pair, regions map[string]string, at time.Time) ([]Task, error) {
	rows, err := j.Rows(manifest)
	if err != nil {
		return nil, fmt.Errorf("run job: %w", err)
	}
	from := regions[rows[0].Bucket]
	into, class, runs := "", "", from
	if c := j.Operation.Copy; c != nil {
		into, class = regions[strings.TrimPrefix(c.TargetResource, "arn:aws:s3:::")], c.StorageClass
		runs = into
	}
	if from == "" || runs != j.Region {
		return nil, fmt.Errorf("run job: a job of region %q cannot do that with bucket %s", j.Region, rows[0].Bucket)
	}
	tasks := make([]Task, len(rows))
	for i, row := range rows {
		id := row.VersionID
		if id == "null" {
			id = ""
		}
		t := Task{Row: row}
		if j.Operation.Copy != nil {
			t.Refusal = pair.Copy(from, row.Key, id, into, class, at)
			t.Changed = t.Refusal == ""
		} else {
			t.Changed, t.Refusal = pair.Replicate(from, row.Key, id)
		}
		tasks[i] = t
	}
	return tasks, nil
}
