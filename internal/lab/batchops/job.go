package batchops

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the ETag of a manifest
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Job is a job as "aws s3control create-job" asks for it. Exactly one of Replicate and Copy is set.
type Job struct {
	Region      string
	Token       string
	Description string
	Operation   Operation
	Fields      []string
	ManifestARN string
	ETag        string // of the manifest
	Confirm     bool   // it waits for someone to confirm it
}

// Operation is what a job does with each object.
type Operation struct {
	Replicate *struct{} `json:"S3ReplicateObject"` //nolint:tagliatelle // S3's own spelling
	Copy      *Copy     `json:"S3PutObjectCopy"`   //nolint:tagliatelle // S3's own spelling
}

// Copy says where copies go.
type Copy struct {
	TargetResource string // the ARN of the bucket
	StorageClass   string
}

// ParseJob reads the arguments of "aws s3control create-job" after these words.
// Source: Amazon S3 API reference, "CreateJob"; AWS CLI reference, "create-job".
func ParseJob(args []string) (Job, error) {
	var j Job
	var account, role, operation, manifest, report string
	var priority int
	flags := flag.NewFlagSet("create-job", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for name, to := range map[string]*string{
		"region": &j.Region, "client-request-token": &j.Token, "description": &j.Description,
		"account-id": &account, "role-arn": &role, "operation": &operation, "manifest": &manifest, "report": &report,
	} {
		flags.StringVar(to, name, "", "")
	}
	flags.IntVar(&priority, "priority", -1, "")
	flags.BoolVar(&j.Confirm, "confirmation-required", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return j, fmt.Errorf("create job: unknown arguments: %w", errors.Join(err, fmt.Errorf("%q", flags.Args())))
	}
	switch {
	case j.Region == "" || account == "" || role == "" || priority < 0:
		return j, errors.New("create job: region, account, role and priority are required")
	case j.Token == "" || len(j.Token) > 64:
		return j, errors.New("create job: the request's token has 1 to 64 characters")
	case len(j.Description) > 256:
		return j, errors.New("create job: the description has 256 characters at most")
	}
	if err := strict(operation, &j.Operation); err != nil {
		return j, fmt.Errorf("create job: operation: %w", err)
	}
	if (j.Operation.Replicate == nil) == (j.Operation.Copy == nil) {
		return j, errors.New("create job: one operation, no more")
	}
	return j, j.read(manifest, report)
}

func (j *Job) read(manifest, report string) error {
	var m struct {
		Spec struct {
			Format string
			Fields []string
		}
		Location struct{ ObjectArn, ETag string }
	}
	if err := strict(manifest, &m); err != nil {
		return fmt.Errorf("create job: manifest: %w", err)
	}
	var r struct {
		Bucket, Prefix, Format, ReportScope string
		Enabled                             bool
	}
	if err := strict(report, &r); err != nil {
		return fmt.Errorf("create job: report: %w", err)
	}
	const arn = "arn:aws:s3:::"
	switch {
	case m.Spec.Format != "S3BatchOperations_CSV_20180820" || !strings.HasPrefix(m.Location.ObjectArn, arn) || m.Location.ETag == "":
		return errors.New("create job: the manifest needs a known format, an ARN and an ETag")
	case r.Enabled && (!strings.HasPrefix(r.Bucket, arn) || r.Format != "Report_CSV_20180820" || !slices.Contains([]string{"AllTasks", "FailedTasksOnly"}, r.ReportScope)):
		return errors.New("create job: the report needs a bucket, a format and a scope")
	case j.Operation.Copy != nil && !strings.HasPrefix(j.Operation.Copy.TargetResource, arn):
		return errors.New("create job: a copy needs the bucket it goes to")
	}
	j.Fields, j.ManifestARN, j.ETag = m.Spec.Fields, m.Location.ObjectArn, m.Location.ETag
	return nil
}

func strict(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// Rows reads the job's manifest. One that was altered since the job was asked for is refused.
func (j Job) Rows(manifest []byte) ([]Row, error) {
	if sum := md5.Sum(manifest); hex.EncodeToString(sum[:]) != j.ETag { //nolint:gosec // see the import
		return nil, errors.New("the manifest's ETag is not the one the job names")
	}
	return ParseManifest(j.Fields, bytes.Clone(manifest))
}
