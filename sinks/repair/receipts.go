package repair

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// objectFiles are a manifest for S3 Batch Operations and the script that makes a job of it. A manifest names objects of one
// bucket, its keys are URL-encoded, and a version id stands on every row: without one S3 takes whatever is the latest by then.
// It has no header and no remarks.
// Source: Amazon S3 User Guide, "Specifying a manifest" under "Creating an S3 Batch Operations job".
func objectFiles(p Plan, base string, objects []Object) []body {
	var b bytes.Buffer
	for _, o := range objects {
		b.WriteString(o.row() + "\n")
	}
	purpose := objects[0].purpose()
	about := objectsAbout(objects)
	return []body{
		{name: base + ".csv", data: b.Bytes(), about: about, purpose: purpose, count: len(objects), apply: "sh " + base + ".sh"},
		{name: base + ".sh", data: objectScript(p, base, objects[0], b.Bytes(), purpose, about), part: true},
	}
}

// row names the object in a manifest.
func (o Object) row() string {
	return o.From.Bucket + "," + encoded(o.Key) + "," + encoded(cmp.Or(o.VersionID, nullVersion))
}

// nullVersion is the id of what was written before the bucket had versions. An empty one S3 refuses.
// Source: Amazon S3 User Guide, "Converting empty version ID strings in Amazon S3 Inventory reports to null strings".
const nullVersion = "null"

func (o Object) purpose() string {
	switch {
	case !o.Copy:
		return fmt.Sprintf("receipts of %s to be replicated again by S3 Batch Replication to %s", o.From.Bucket, o.To.Bucket)
	case o.Into == o.From:
		return fmt.Sprintf("receipts of %s to be copied in place, so that they reach %s as new versions", o.From.Bucket, o.To.Bucket)
	}
	return fmt.Sprintf("receipts of %s to be copied to %s, where the originals are gone", o.From.Bucket, o.To.Bucket)
}

// encoded escapes every byte but RFC 3986's unreserved ones and the slash: a plus sign for a space is read in two ways.
func encoded(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// once merges repairs of one version, which several findings may be about: it is not to be copied twice.
func once(objects []Object) []Object {
	var out []Object
	at := map[string]int{}
	for _, o := range objects {
		id := o.row()
		i, known := at[id]
		if !known {
			at[id] = len(out)
			out = append(out, o)
			continue
		}
		if o.Copy && !out[i].Copy {
			o.Findings, out[i].Findings = out[i].Findings, o.Findings
			o, out[i] = out[i], o
		}
		merged := slices.Concat(out[i].Findings, o.Findings)
		slices.Sort(merged)
		out[i].Findings = slices.Compact(merged)
	}
	return out
}

// objectScript uploads the manifest and creates the job, which waits for someone to confirm it. The request's token is that
// of the manifest's content: asked again, the service makes no second job. A manifest must not be encrypted by a key of KMS,
// as the bucket may do by itself. The storage class is named, for a copy would have STANDARD else, and one in place would be
// refused for changing nothing.
// Source: Amazon S3 API reference, "CreateJob", "ClientRequestToken"; "S3ReplicateObject", "S3CopyObjectOperation", "CopyObject".
func objectScript(p Plan, base string, o Object, manifest []byte, purpose string, about []About) []byte {
	region, operation := o.From.Region, `{"S3ReplicateObject":{}}` // a replication runs where its source is, a copy where its target is
	if o.Copy {
		region = o.Into.Region
		operation = fmt.Sprintf(`{"S3PutObjectCopy":{"TargetResource":"arn:aws:s3:::%s","StorageClass":"%s"}}`, o.Into.Bucket, cmp.Or(o.Class, standard))
	}
	sum := sha256.Sum256(append([]byte(purpose+"\n"), manifest...))
	token := hex.EncodeToString(sum[:16])
	var b strings.Builder
	b.WriteString(shellHead(p, purpose, about))
	fmt.Fprintf(&b, `: "${ACCOUNT_ID:?the AWS account}" "${ROLE_ARN:?a role that S3 Batch Operations may take}" "${MANIFEST_BUCKET:?a bucket of yours in %[1]s for the manifest and the report}"
etag=$(aws s3api put-object --region %[1]s --bucket "$MANIFEST_BUCKET" --key parallax/%[2]s.csv --body %[2]s.csv --server-side-encryption AES256 --query ETag --output text) || exit 1
aws s3control create-job --region %[1]s --account-id "$ACCOUNT_ID" --role-arn "$ROLE_ARN" --priority 10 --confirmation-required \
  --client-request-token %[3]s --description %[4]s --operation %[5]s \
  --manifest '{"Spec":{"Format":"S3BatchOperations_CSV_20180820","Fields":["Bucket","Key","VersionId"]},"Location":{"ObjectArn":"arn:aws:s3:::'"$MANIFEST_BUCKET"'/parallax/%[2]s.csv","ETag":"'"$(echo "$etag" | tr -d '"')"'"}}' \
  --report '{"Bucket":"arn:aws:s3:::'"$MANIFEST_BUCKET"'","Prefix":"parallax","Format":"Report_CSV_20180820","Enabled":true,"ReportScope":"AllTasks"}'
`, region, base, token, shellWord(remark(purpose)), shellWord(operation))
	return []byte(b.String())
}
