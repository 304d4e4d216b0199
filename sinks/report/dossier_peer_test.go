//go:build peers

package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// TestFirstPageIsOnePagePeer lets Chromium print the first page of dossiers from empty to overfull: each is one sheet of A4 on
// its side. The whole dossier begins with that sheet and has more.
func TestFirstPageIsOnePagePeer(t *testing.T) {
	overfull := fullDossier()
	poison(reflect.ValueOf(&overfull).Elem(), strings.Repeat("wide words ", 40))
	for i := range overfull.Money {
		overfull.Money[i].Complete, overfull.Money[i].Amounts = false, nil
		for _, currency := range []string{"EUR", "GBP", "JPY", "CHF", "USD", "SEK", "NOK"} {
			overfull.Money[i].Amounts = append(overfull.Money[i].Amounts, manyOf(currency))
		}
	}
	for i := range 300 {
		for _, lane := range Lanes() {
			m := overfull.Timeline[0]
			m.Lane, m.Until, m.At = lane, time.Time{}, clockAt("14:07:00").Add(time.Duration(i)*time.Minute)
			overfull.Timeline = append(overfull.Timeline, m)
		}
	}
	unbroken := fullDossier()
	poison(reflect.ValueOf(&unbroken).Elem(), strings.Repeat("W", 400))
	for name, d := range map[string]Dossier{
		"empty": {At: clockAt("14:07:00")}, "full": fullDossier(), "overfull": overfull, "unbroken": unbroken,
	} {
		if pages, size := printed(t, written(t, Print, d)); pages != 1 || size != "841 594" {
			t.Errorf("%s: the first page takes %d sheets of %s points", name, pages, size)
		}
		if pages, _ := printed(t, written(t, HTML, d)); pages < 2 {
			t.Errorf("%s: the whole dossier takes %d sheets", name, pages)
		}
	}
}

var (
	pageCount = regexp.MustCompile(`/Count (\d+)`)
	mediaBox  = regexp.MustCompile(`/MediaBox \[0 0 (\d+)(?:\.\d+)? (\d+)(?:\.\d+)?\]`)
)

func manyOf(currency string) audit.Money {
	return audit.Money{Minor: 123_456_789_012, Currency: currency}
}

// printed prints a page as Chromium does and returns how many sheets it takes, and their size in points.
func printed(t *testing.T, page string) (sheets int, size string) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(in, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	chromium := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf="+out, "file://"+in)
	chromium.Env = append(os.Environ(), "HOME="+dir)
	if said, err := chromium.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	pdf, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range pageCount.FindAllSubmatch(pdf, -1) { // of every node of the tree of pages; the root has the most
		n, err := strconv.Atoi(string(count[1]))
		if err != nil {
			t.Fatal(err)
		}
		sheets = max(sheets, n)
	}
	if box := mediaBox.FindSubmatch(pdf); box != nil {
		size = string(box[1]) + " " + string(box[2])
	}
	return sheets, size
}
