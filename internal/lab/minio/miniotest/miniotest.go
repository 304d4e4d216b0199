//go:build peers

// Package miniotest starts pairs of MinIO servers for tests.
package miniotest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"parallax/internal/lab/minio"
)

// Regions, and the names of their buckets.
const (
	Dublin = "eu-west-1"
	London = "eu-west-2"
)

// Start starts a pair of empty, linked buckets in a folder of the test, receipts-REGION with inventories in
// inventory-REGION under inv/receipts-REGION/daily, and ends it with the test.
func Start(t *testing.T) *minio.Pair {
	t.Helper()
	p, err := minio.Start(t.Context(), minio.Options{
		Dir: t.TempDir(), Server: program(t, "minio"), Client: program(t, "mc"), Regions: [2]string{Dublin, London},
		Buckets:          map[string]string{Dublin: "receipts-" + Dublin, London: "receipts-" + London},
		InventoryBuckets: map[string]string{Dublin: "inventory-" + Dublin, London: "inventory-" + London},
		Prefix:           "inv", ConfigID: "daily",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// program finds what the Makefile builds, from the root of the module; the newest where there are several.
func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, ".tools", "bin", name+"-v*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s, a server to compare with, is not built: run `make test-peers`", name)
	}
	return slices.Max(found)
}
