package buckets

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc64"
	"net/http"
	"time"
)

// Encryptions, as inventories name them. What has none of these is in SSE-S3, as everything new in S3 is.
const (
	SSES3 = "SSE-S3"
	KMS   = "SSE-KMS"
)

// Checksum algorithms, as inventories name them.
const (
	CRC64NVME = "CRC64NVME" // S3's own choice where the writer makes none
	SHA256    = "SHA256"
)

// crc64nvme is the polynomial of NVM Express, reflected. Source: NVM Express NVM Command Set Specification, 64b CRC.
const crc64nvme = 0x9a6c9329ac4bc9b5

// checksum is the value of an algorithm over a whole body, as S3's headers carry it.
func checksum(algorithm string, body []byte) string {
	if algorithm == SHA256 {
		sum := sha256.Sum256(body)
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	sum := crc64.Checksum(body, crc64.MakeTable(crc64nvme))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

// algorithm is that of a pair's objects.
func (p *Pair) algorithm() string {
	if p.options.Checksum == "" {
		return CRC64NVME
	}
	return p.options.Checksum
}

// describe puts into headers what is known of a version's content. The checksum is told to those who ask for it.
// Source: Amazon S3 API reference, HeadObject: x-amz-checksum-mode.
func (p *Pair) describe(v *version, r *http.Request, h http.Header) {
	switch v.encryption {
	case KMS:
		h.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		h.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:eu-west-1:111122223333:key/receipts")
	default:
		h.Set("X-Amz-Server-Side-Encryption", "AES256")
	}
	if r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" || r.Header.Get("Range") != "" {
		return
	}
	h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	if p.algorithm() == SHA256 {
		h.Set("X-Amz-Checksum-Sha256", checksum(SHA256, v.body))
		return
	}
	h.Set("X-Amz-Checksum-Crc64nvme", checksum(CRC64NVME, v.body))
}

// sealed is the ETag of what KMS has encrypted: it is no MD5 of the content, and each region's key makes another.
// Source: Amazon S3 API reference, Object: ETag.
func (p *Pair) sealed(region string, v *version) string {
	return etagOf([]byte(region + v.id + checksum(SHA256, v.body)))
}

// Step is what a lifecycle configuration says: from an age on, a storage class.
type Step struct {
	After time.Duration
	Class string
}

// classAt is the storage class of a version at a moment. Lifecycle rules act at the first midnight (UTC) after the age is
// reached; replicas have their source's age. What was ordered to drift stays where it is.
// Source: Amazon S3 User Guide, "Lifecycle rules: Based on an object's age".
func (p *Pair) classAt(v *version, now time.Time) string {
	class := v.class
	if v.marker || v.drifted {
		return class
	}
	for _, s := range p.options.Lifecycle {
		due := v.at.Add(s.After)
		if midnight := due.Truncate(24 * time.Hour); !midnight.Equal(due) {
			due = midnight.Add(24 * time.Hour)
		}
		if !now.Before(due) {
			class = s.Class
		}
	}
	return class
}
