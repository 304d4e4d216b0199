package app

import (
	"crypto/md5" //nolint:gosec // the ETag of a manifest
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/batchops"
	"parallax/internal/lab/buckets"
	"parallax/sinks/repair"
)

// playBatch runs a script of repair files with a stand-in for the AWS command line on the path, and carries out the job that
// it asks for on a pair of buckets.
func playBatch(t *testing.T, script string, pair *buckets.Pair, regions map[string]string, at time.Time) []batchops.Task {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	aws := fmt.Sprintf("#!/bin/sh\nexec '%s' -test.run '^TestAWSBatchCommandLine$' -- \"$@\"\n", self)
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(aws), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", script)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PARALLAX_TEST_BATCH="+dir,
		"ACCOUNT_ID=123456789012", "ROLE_ARN=arn:aws:iam::123456789012:role/batch", "MANIFEST_BUCKET=manifests")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, said)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "manifest"))
	if err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(filepath.Join(dir, "job"))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	if err := json.Unmarshal(args, &words); err != nil {
		t.Fatal(err)
	}
	job, err := batchops.ParseJob(words)
	if err != nil || !job.Confirm {
		t.Fatalf("%s: confirm %v, %v", script, job.Confirm, err)
	}
	tasks, err := batchops.Run(job, manifest, pair, regions, at)
	if err != nil {
		t.Fatal(err)
	}
	return tasks
}

// TestAWSBatchCommandLine is no test but the stand-in for "aws s3api put-object" and "aws s3control create-job", run as a
// process of its own by playBatch: it keeps what it is given.
func TestAWSBatchCommandLine(*testing.T) {
	dir := os.Getenv("PARALLAX_TEST_BATCH")
	at := slices.Index(os.Args, "--")
	if dir == "" || at < 0 {
		return
	}
	if err := keepBatch(dir, os.Args[at+1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(254)
	}
	os.Exit(0)
}

func keepBatch(dir string, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("unknown arguments %q", args)
	}
	switch args[0] + " " + args[1] {
	case "s3api put-object":
		i, encrypted := slices.Index(args, "--body"), slices.Index(args, "--server-side-encryption")
		if i < 0 || encrypted < 0 || args[encrypted+1] != "AES256" {
			return errors.New("a manifest is not to be encrypted by a key of KMS")
		}
		body, err := os.ReadFile(args[i+1])
		if err != nil {
			return err
		}
		sum := md5.Sum(body) //nolint:gosec // see the import
		fmt.Printf("\"%s\"\n", hex.EncodeToString(sum[:]))
		return os.WriteFile(filepath.Join(dir, "manifest"), body, 0o600)
	case "s3control create-job":
		words, err := json.Marshal(args[2:])
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "job"), words, 0o600)
	}
	return fmt.Errorf("unknown arguments %q", args)
}

// deleteBehindTheirBacks deletes a replica, and the original of another one, by their version ids, which S3 tells nobody, and
// audits the receipts anew.
func (w *mendedWorld) deleteBehindTheirBacks() {
	w.Helper()
	taken := map[string]bool{}
	for _, f := range w.standing() {
		taken[f.Key] = true
	}
	pair := w.world.Receipts()
	sides := [2]string{"eu-west-2", "eu-west-1"} // where the replicas are, where the originals are
	var deleted []string
	for _, v := range pair.Versions(sides[1]) {
		if v.Status == "COMPLETED" && !taken[v.Key] && len(deleted) < len(sides) {
			pair.HardDelete(sides[len(deleted)], v.Key)
			deleted = append(deleted, v.Key)
		}
	}
	w.pass(time.Hour)
	if err := pair.WriteInventories(w.now); err != nil {
		w.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	w.run("receipts")
	living := w.living(audit.ReceiptNotReplicated)
	for _, key := range deleted {
		if !slices.Contains(living, "receipt.not_replicated "+key) {
			w.Errorf("%s was deleted in one region and is not found: %q", key, living)
		}
	}
}

// deleteDamaged runs the commands that are left for a person to run after the jobs: each deletes one version by its id.
func (w *mendedWorld) deleteDamaged(steps []repair.Step) {
	w.Helper()
	const command = "aws s3api delete-object --region "
	for _, s := range steps {
		if s.Then == "" {
			continue
		}
		region, input, ok := strings.Cut(strings.TrimPrefix(s.Then, command), " --cli-input-json ")
		var in struct{ Bucket, Key, VersionId string } //nolint:staticcheck // S3's own spelling
		if err := json.Unmarshal([]byte(strings.Trim(input, "'")), &in); err != nil || !ok || !strings.HasPrefix(s.Then, command) || in.VersionId == "" {
			w.Fatalf("%s: %v", s.Then, err)
		}
		w.world.Receipts().HardDelete(region, in.Key, in.VersionId)
	}
}
