package inventory

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/record"
)

// headed reads the answer to a HEAD. S3 leaves out the storage class of what is in STANDARD.
func headed(out *s3.HeadObjectOutput) record.Object {
	o := record.Object{
		DeleteMarker: aws.ToBool(out.DeleteMarker), Size: aws.ToInt64(out.ContentLength), LastModified: aws.ToTime(out.LastModified).UTC(),
		ETag: strings.Trim(aws.ToString(out.ETag), `"`), StorageClass: string(out.StorageClass),
		ReplicationStatus: statusOf(string(out.ReplicationStatus)), Encryption: encryptionOf(out),
	}
	if o.StorageClass == "" {
		o.StorageClass = string(types.StorageClassStandard)
	}
	o.Multipart = strings.Contains(o.ETag, "-")
	o.ChecksumAlgorithm, o.Checksum = checksumOf(out)
	return o
}

// checksumOf is the algorithm of the checksum that S3 keeps of an object, and "algorithm type value". A composite checksum is
// one of the parts' checksums, and depends on where the parts were cut.
// Source: Amazon S3 User Guide, "Checking object integrity".
func checksumOf(out *s3.HeadObjectOutput) (algorithm, all string) {
	for _, c := range []struct {
		algorithm types.ChecksumAlgorithm
		value     *string
	}{
		{types.ChecksumAlgorithmCrc64nvme, out.ChecksumCRC64NVME},
		{types.ChecksumAlgorithmSha256, out.ChecksumSHA256},
		{types.ChecksumAlgorithmSha512, out.ChecksumSHA512},
		{types.ChecksumAlgorithmSha1, out.ChecksumSHA1},
		{types.ChecksumAlgorithmCrc32c, out.ChecksumCRC32C},
		{types.ChecksumAlgorithmCrc32, out.ChecksumCRC32},
		{types.ChecksumAlgorithmMd5, out.ChecksumMD5},
		{types.ChecksumAlgorithmXxhash128, out.ChecksumXXHASH128},
		{types.ChecksumAlgorithmXxhash3, out.ChecksumXXHASH3},
		{types.ChecksumAlgorithmXxhash64, out.ChecksumXXHASH64},
	} {
		value := aws.ToString(c.value)
		if value == "" {
			continue
		}
		kind := string(out.ChecksumType)
		switch {
		case kind != "":
		case strings.Contains(value, "-"): // base64 has none: the number of parts follows it
			kind = string(types.ChecksumTypeComposite)
		default:
			kind = string(types.ChecksumTypeFullObject)
		}
		return string(c.algorithm), string(c.algorithm) + " " + kind + " " + value
	}
	return "", ""
}

// encryptionOf names the encryption as inventories do.
func encryptionOf(out *s3.HeadObjectOutput) string {
	switch {
	case aws.ToString(out.SSECustomerAlgorithm) != "":
		return "SSE-C"
	case out.ServerSideEncryption == types.ServerSideEncryptionAwsKmsDsse:
		return "DSSE-KMS"
	case out.ServerSideEncryption == types.ServerSideEncryptionAwsKms:
		return "SSE-KMS"
	case out.ServerSideEncryption == types.ServerSideEncryptionAes256:
		return "SSE-S3"
	default:
		return string(out.ServerSideEncryption)
	}
}
