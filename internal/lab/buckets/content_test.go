package buckets

import (
	"encoding/base64"
	"encoding/hex"
	"testing"
)

// TestChecksums: the check values of the algorithms over "123456789", and SHA-256's.
// Source: Catalogue of parametrised CRC algorithms, CRC-64/NVME; FIPS 180-4.
func TestChecksums(t *testing.T) {
	for algorithm, want := range map[string]string{
		CRC64NVME: "ae8b14860a799888",
		SHA256:    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		got, err := base64.StdEncoding.DecodeString(checksum(algorithm, []byte("123456789")))
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, %v", algorithm, got, err)
		}
	}
}
