package batchops_test

import (
	"slices"
	"strings"
	"testing"

	"parallax/internal/lab/batchops"
)

var three = []string{"Bucket", "Key", "VersionId"}

func TestManifestAsDescribed(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		text   string
		want   []batchops.Row
	}{
		"with version ids": {three, "examplebucket,photos/jpgs/objectkey4,6EqlikJJxLTs.HsnbZbSRffn24_eh5Ny4\nexamplebucket,object%20key%20with%20spaces,null\n", []batchops.Row{
			{Bucket: "examplebucket", Key: "photos/jpgs/objectkey4", VersionID: "6EqlikJJxLTs.HsnbZbSRffn24_eh5Ny4"},
			{Bucket: "examplebucket", Key: "object key with spaces", VersionID: "null"},
		}},
		"without": {three[:2], "examplebucket,a%2cb%0A%C3%A4\n", []batchops.Row{{Bucket: "examplebucket", Key: "a,b\nä"}}},
		"ignored": {[]string{"Ignore", "Bucket", "Key"}, "whatever it is\",examplebucket,k\n", []batchops.Row{{Bucket: "examplebucket", Key: "k"}}},
	} {
		got, err := batchops.ParseManifest(c.fields, []byte(c.text))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestBrokenManifestsAreRefused(t *testing.T) {
	const good = "receipts-eu-west-1,a,v1\n"
	for name, text := range map[string]string{
		"empty":                     "",
		"header":                    "Bucket,Key,VersionId\n" + good,
		"header, quoted":            "\"bucket\",\"key\",\"version\"\n" + good,
		"byte order mark":           "\ufeff" + good,
		"quoted":                    "\"receipts-eu-west-1\",\"a\",\"v1\"\n",
		"no version on one row":     good + "receipts-eu-west-1,b\n",
		"empty version on one row":  good + "receipts-eu-west-1,b,\n",
		"a comma in a key":          "receipts-eu-west-1,a,b,v1\n",
		"a space in a key":          "receipts-eu-west-1,a b,v1\n",
		"a plus in a key":           "receipts-eu-west-1,a+b,v1\n",
		"a quote in a key":          "receipts-eu-west-1,a\"b,v1\n",
		"a letter beyond ASCII":     "receipts-eu-west-1,ä,v1\n",
		"half an escape":            "receipts-eu-west-1,a%2,v1\n",
		"no escape":                 "receipts-eu-west-1,100%,v1\n",
		"an escape of other digits": "receipts-eu-west-1,a%zz,v1\n",
		"not UTF-8":                 "receipts-eu-west-1,%FF%FE,v1\n",
		"empty key":                 "receipts-eu-west-1,,v1\n",
		"1,025 bytes":               "receipts-eu-west-1," + strings.Repeat("k", 1025) + ",v1\n",
		"empty bucket":              ",a,v1\n",
		"an ARN for a bucket":       "arn:aws:s3:::receipts,a,v1\n",
		"two buckets":               good + "receipts-eu-west-2,b,v1\n",
		"an object twice":           good + good,
		"carriage returns":          "receipts-eu-west-1,a,v1\r\n",
		"empty line":                good + "\n" + good,
		"empty line at the end":     good + "\n",
		"cut short":                 good + "receipts-eu-west-1,b,v",
		"tabs":                      "receipts-eu-west-1\ta\tv1\n",
		"a remark":                  "# receipts\n" + good,
	} {
		if rows, err := batchops.ParseManifest(three, []byte(text)); err == nil {
			t.Errorf("%s: accepted as %+v", name, rows)
		}
	}
	if _, err := batchops.ParseManifest(three, []byte(good+"receipts-eu-west-1,a,v2\n")); err != nil {
		t.Errorf("two versions of a key: %v", err)
	}
	for name, fields := range map[string][]string{
		"none": nil, "no key": {"Bucket"}, "key twice": {"Bucket", "Key", "Key"}, "unknown": {"Bucket", "Key", "ETag"}, "two for three": {"Bucket", "Key"},
	} {
		if _, err := batchops.ParseManifest(fields, []byte(good)); err == nil {
			t.Errorf("fields %s: accepted", name)
		}
	}
}

func TestBrokenJobsAreRefused(t *testing.T) {
	good := map[string]string{
		"region": "eu-west-1", "account-id": "123456789012", "role-arn": "arn:aws:iam::123456789012:role/r", "priority": "10",
		"client-request-token": "t", "description": "d", "operation": `{"S3ReplicateObject":{}}`,
		"manifest": `{"Spec":{"Format":"S3BatchOperations_CSV_20180820","Fields":["Bucket","Key"]},"Location":{"ObjectArn":"arn:aws:s3:::m/k","ETag":"e"}}`,
		"report":   `{"Bucket":"arn:aws:s3:::m","Prefix":"p","Format":"Report_CSV_20180820","Enabled":true,"ReportScope":"AllTasks"}`,
	}
	args := func(change, to string) (out []string) {
		for name, value := range good {
			if name == change {
				value = to
			}
			out = append(out, "--"+name, value)
		}
		return append(out, "--confirmation-required")
	}
	if _, err := batchops.ParseJob(args("", "")); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"region", ""}, {"account-id", ""}, {"role-arn", ""}, {"client-request-token", ""}, {"client-request-token", strings.Repeat("t", 65)},
		{"description", strings.Repeat("d", 257)}, {"operation", `{}`}, {"operation", `{"S3ReplicateObject":{},"S3PutObjectCopy":{"TargetResource":"arn:aws:s3:::b"}}`},
		{"operation", `{"S3PutObjectCopy":{"TargetResource":"b"}}`}, {"operation", `{"S3DeleteObject":{}}`}, {"manifest", `{}`}, {"report", `{"Enabled":true}`},
	} {
		if j, err := batchops.ParseJob(args(c[0], c[1])); err == nil {
			t.Errorf("%s %.60q: accepted as %+v", c[0], c[1], j)
		}
	}
	if j, err := batchops.ParseJob(args("", "")); err == nil {
		if _, err := j.Rows([]byte("receipts-eu-west-1,a\n")); err == nil {
			t.Error("a manifest that is not the one the job names: accepted")
		}
	}
}
