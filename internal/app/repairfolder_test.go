package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/repair"
)

func TestFolderHoldsWhatItsManifestKnows(t *testing.T) {
	out, err := repair.Write(repair.Plan{AsOf: noon, Expires: noon.Add(time.Hour), Refunds: []repair.Refund{{
		About: repair.About{Findings: []audit.Fingerprint{"f"}, Kind: audit.ChainDoubleCharge}, PaymentID: "p", Kept: "q",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	dir, link := filepath.Join(parent, "repair"), filepath.Join(parent, "link")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time they are there
		if err := writeFolder(link, out.Files); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := os.Lstat(link); err != nil || at.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", at, err)
	}
	if _, err := readManifest(dir); err != nil {
		t.Error(err)
	}
	if _, err := readManifest("/dev/zero"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("/dev/zero: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger-zz.sql"), []byte("drop table payments;"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readManifest(dir); err == nil || !strings.Contains(err.Error(), `"ledger-zz.sql"`) {
		t.Errorf("a foreign file: %v", err)
	}
	if err := writeFolder(dir, out.Files); err == nil || !strings.Contains(err.Error(), `"ledger-zz.sql"`) {
		t.Errorf("written beside a foreign file: %v", err)
	}
}
