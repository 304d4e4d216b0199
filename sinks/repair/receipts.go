package repair

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
)

// objectFiles are a manifest for S3 Batch Operations and the script that makes a job of it. A manifest names objects of one
// bucket, its keys are URL-encoded, and a version id stands on every row or on none: what has none goes into another file.
// It has no header and no remarks.
// Source: Amazon S3 User Guide, "Specifying a manifest" under "Creating an S3 Batch Operations job".
func objectFiles(p Plan, base string, objects []Object) []body {
	var b bytes.Buffer
	for _, o := range objects {
		b.WriteString(o.From.Bucket + "," + encoded(o.Key))
		if o.VersionID != "" {
			b.WriteString("," + encoded(o.VersionID))
		}
		b.WriteByte('\n')
	}
	purpose := fmt.Sprintf("receipts of %s to be replicated again by S3 Batch Replication to %s", objects[0].From.Bucket, objects[0].To.Bucket)
	if objects[0].Copy {
		purpose = fmt.Sprintf("receipts of %s to be copied to %s, where replication cannot help", objects[0].From.Bucket, objects[0].To.Bucket)
	}
	about := objectsAbout(objects)
	return []body{
		{name: base + ".csv", data: b.Bytes(), about: about, purpose: purpose, count: len(objects), apply: "sh " + base + ".sh"},
		{name: base + ".sh", data: objectScript(p, base, objects, b.Bytes(), purpose, about), part: true},
	}
}

// encoded is a value of a manifest as the service reads it back: a slash may stay as it is.
func encoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }

// objectScript uploads the manifest and creates the job, which waits for someone to confirm it. The request's token is that
// of the manifest's content: asked again, the service makes no second job.
// Source: Amazon S3 API reference, "CreateJob", "ClientRequestToken"; "S3ReplicateObject", "S3PutObjectCopy".
func objectScript(p Plan, base string, objects []Object, manifest []byte, purpose string, about []About) []byte {
	o := objects[0]
	fields, region, operation := `["Bucket","Key"]`, o.From.Region, `{"S3ReplicateObject":{}}`
	if o.VersionID != "" {
		fields = `["Bucket","Key","VersionId"]`
	}
	if o.Copy { // a copy runs where its target is
		region, operation = o.To.Region, fmt.Sprintf(`{"S3PutObjectCopy":{"TargetResource":"arn:aws:s3:::%s"}}`, o.To.Bucket)
	}
	sum := sha256.Sum256(append([]byte(purpose+"\n"), manifest...))
	token := hex.EncodeToString(sum[:16])
	var b strings.Builder
	b.WriteString(shellHead(p, purpose, about))
	fmt.Fprintf(&b, `: "${ACCOUNT_ID:?the AWS account}" "${ROLE_ARN:?a role that S3 Batch Operations may take}" "${MANIFEST_BUCKET:?a bucket of yours in %[1]s for the manifest and the report}"
etag=$(aws s3api put-object --region %[1]s --bucket "$MANIFEST_BUCKET" --key parallax/%[2]s.csv --body %[2]s.csv --query ETag --output text) || exit 1
aws s3control create-job --region %[1]s --account-id "$ACCOUNT_ID" --role-arn "$ROLE_ARN" --priority 10 --confirmation-required \
  --client-request-token %[3]s --description %[4]s --operation %[5]s \
  --manifest '{"Spec":{"Format":"S3BatchOperations_CSV_20180820","Fields":%[6]s},"Location":{"ObjectArn":"arn:aws:s3:::'"$MANIFEST_BUCKET"'/parallax/%[2]s.csv","ETag":"'"$(echo "$etag" | tr -d '"')"'"}}' \
  --report '{"Bucket":"arn:aws:s3:::'"$MANIFEST_BUCKET"'","Prefix":"parallax","Format":"Report_CSV_20180820","Enabled":true,"ReportScope":"AllTasks"}'
`, region, base, token, shellWord(remark(purpose)), shellWord(operation), fields)
	return []byte(b.String())
}
