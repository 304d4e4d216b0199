//go:build peers

package buckets_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"parallax/internal/lab/buckets"
)

// TestArrowReadsInventoriesPeer: Apache Arrow's C++ reader finds in an inventory of ORC what the one of CSV says.
// `make test-peers` installs it.
func TestArrowReadsInventoriesPeer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.orc")
	if err := os.WriteFile(path, inventoryIn(t, buckets.ORC, ".orc", manyRows), 0o600); err != nil {
		t.Fatal(err)
	}
	python, err := filepath.Abs("../../../.tools/python/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "../../orc/testdata/pyarrow_peer.py", "read", path).Output()
	if err != nil {
		t.Fatalf("pyarrow, which `make test-peers` installs: %v", err)
	}
	want := csvRows(t, manyRows)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(want) {
		t.Fatalf("%d rows, want %d", len(lines), len(want))
	}
	for n, line := range lines {
		var values []*string
		if err := json.Unmarshal(line, &values); err != nil || len(values) != len(want[n]) {
			t.Fatalf("row %d: %d values: %v", n, len(values), err)
		}
		for k, v := range values {
			got := ""
			if v != nil {
				got = *v
			}
			if got != field(t, want[n], k) {
				t.Fatalf("row %d, column %d: %q, want %q", n, k, got, field(t, want[n], k))
			}
		}
	}
}
