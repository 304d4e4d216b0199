package settlement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/ipm"
	"parallax/sources/settlement/ipm/ipmtest"
)

var _ pipeline.Source[record.SettlementLine] = (*Source)(nil)

// folder is a feed's folder of a test.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

func (f folder) write(name string, data []byte) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), data, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) source() *Source {
	return &Source{
		Feed: "mastercard", Ledger: "payments", Decode: ipm.Decode, Place: delivery.Folder(filepath.Join(f.dir, "m-*")),
		AsOf: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
	}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// fileID is that of ipmtest.Good.
func fileID(t *testing.T) string {
	t.Helper()
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(1, false, false))
	s := f.source()
	read(s)
	return s.Files()[0].FileID
}

func readCSV(t *testing.T) decode.Func {
	t.Helper()
	read, err := csvfile.New(testProfile())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func testWindow() audit.Window {
	return audit.Window{From: time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)}
}

// seen is everything a Read said.
type seen struct {
	lines    []record.SettlementLine
	gaps     []string
	extents  []audit.Extent
	excluded []string // number and reason
	findings []string
	files    []string // name status
	err      error
}

func read(s *Source) seen {
	var out seen
	for b, err := range s.Read(context.Background(), testWindow(), audit.Cursor{}) {
		if err != nil {
			out.err = err
			break
		}
		out.lines = append(out.lines, b.Records...)
		out.extents = append(out.extents, b.Extents...)
		for _, e := range b.Excluded {
			out.excluded = append(out.excluded, fmt.Sprint(e.Records, " ", e.Reason))
		}
		for _, g := range b.Gaps {
			if g.Remedy == "" {
				g.Reason += " WITHOUT REMEDY"
			}
			out.gaps = append(out.gaps, g.Reason)
		}
	}
	for _, f := range s.Findings() {
		out.findings = append(out.findings, string(f.Kind)+" "+f.Key)
	}
	for _, f := range s.Files() {
		out.files = append(out.files, f.Name+" "+f.Status)
	}
	return out
}

func (s seen) expect(t *testing.T, lines int, gaps, findings, files []string) {
	t.Helper()
	if s.err != nil || len(s.lines) != lines {
		t.Errorf("%d lines, %v; want %d", len(s.lines), s.err, lines)
	}
	if !slices.Equal(s.gaps, gaps) {
		t.Errorf("gaps %q, want %q", s.gaps, gaps)
	}
	if !slices.Equal(s.findings, findings) {
		t.Errorf("findings %q, want %q", s.findings, findings)
	}
	if !slices.Equal(s.files, files) {
		t.Errorf("files %q, want %q", s.files, files)
	}
}

func TestSourceReadsEveryFile(t *testing.T) {
	f := newFolder(t)
	f.write("m-2.ipm", ipmtest.Good(2500, true, true))
	s := f.source()
	got := read(s)
	got.expect(t, 2500, nil, nil, []string{"m-2.ipm accepted"})
	if len(got.extents) != 1 || got.extents[0].Records != 2500 || got.extents[0].To != "2502" || !strings.HasPrefix(got.extents[0].Checksum, "sha256:") {
		t.Errorf("extents %+v", got.extents)
	}
	if s.FilesThrough() != "2026-11-18" {
		t.Errorf("files through %q", s.FilesThrough())
	}
	if again := read(s); !reflect.DeepEqual(again, got) {
		t.Error("a second Read says something else")
	}
}

func TestSourceReadsACopyOnce(t *testing.T) {
	f := newFolder(t)
	data := ipmtest.Good(3, true, true)
	f.write("m-18-resend.ipm", data)
	f.write("m-18.ipm", data)
	s := f.source()
	got := read(s)
	got.expect(t, 3, nil, []string{"file.duplicate m-18-resend.ipm"}, []string{"m-18.ipm accepted", "m-18-resend.ipm duplicate"})
	for _, l := range got.lines {
		if l.File != "m-18.ipm" {
			t.Errorf("line from %s", l.File)
		}
	}
	// What an earlier run has accepted keeps its place, whatever the names: the other is the duplicate.
	s.Known = []KnownFile{{Name: "m-18-resend.ipm", SHA256: s.Files()[1].SHA256, Status: "accepted"}}
	read(s).expect(t, 3, nil, []string{"file.duplicate m-18.ipm"}, []string{"m-18.ipm duplicate", "m-18-resend.ipm accepted"})
	if findings := s.Findings(); findings[0].Scope != "payments" || findings[0].Fingerprint == "" || len(findings[0].Evidence) != 2 {
		t.Errorf("finding %+v", findings[0])
	}
}

func TestSourceSameFileIDOtherContent(t *testing.T) {
	f := newFolder(t)
	f.write("m-a.ipm", ipmtest.Good(3, false, false))
	f.write("m-b.ipm", ipmtest.Good(4, false, false))
	read(f.source()).expect(t, 3,
		[]string{"m-b.ipm differs from m-a.ipm under the same file id and was not used"},
		[]string{"file.duplicate m-b.ipm"}, []string{"m-a.ipm accepted", "m-b.ipm duplicate"})
}

func TestSourceUsesNothingOfABadFile(t *testing.T) {
	f := newFolder(t)
	var wrong ipmtest.File
	wrong.Header()
	wrong.Add("1240", ipmtest.Presentment(1))
	wrong.Sum--
	wrong.Trailer()
	good := ipmtest.Good(3, false, false)
	f.write("m-1.ipm", wrong.Bytes())
	f.write("m-2.ipm", good[:200])
	f.write("m-3.ipm", good)
	f.write("m-4.ipm", nil)
	s := f.source()
	read(s).expect(t, 3, []string{
		"decode m-1.ipm: record 3: PDS0301: control total does not agree: sum of DE4 stated as 1000, read as 1001",
		"decode m-2.ipm: record 2: is truncated: 126 of 145 bytes are there",
		"decode m-4.ipm: file holds no record",
	}, []string{"file.control_total m-1.ipm"}, []string{"m-1.ipm rejected", "m-2.ipm rejected", "m-3.ipm accepted", "m-4.ipm rejected"})
}

func TestSourceRejectedRows(t *testing.T) {
	f := newFolder(t)
	f.write("m-20261118.csv", []byte(csvtest.Header+csvtest.Row(1, "1.00", "EUR")+csvtest.Row(2, "x", "EUR")+csvtest.Trailer(2, 100)))
	s := f.source()
	s.Decode = readCSV(t)
	read(s).expect(t, 1, []string{"m-20261118.csv: 1 rows could not be read, the first at line 3, amount: is not an amount with at most 2 decimals"},
		[]string{"file.rejected_rows m-20261118.csv"}, []string{"m-20261118.csv accepted"})
	if got := s.Files()[0]; got.Rejected != 1 || got.BusinessDate != "2026-11-18" || got.Totals["stated sum"] != "100" {
		t.Errorf("file %+v", got)
	}
}

func TestSourceWithoutAFileIsAGap(t *testing.T) {
	read(newFolder(t).source()).expect(t, 0, []string{"no file matches m-*"}, nil, nil)
}

func TestSourceOddFiles(t *testing.T) {
	f := newFolder(t)
	if err := os.Mkdir(filepath.Join(f.dir, "m-dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(f.dir, "m-fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(f.dir, "nowhere"), filepath.Join(f.dir, "m-link")); err != nil {
		t.Fatal(err)
	}
	read(f.source()).expect(t, 0, []string{
		"read m-dir: it is not a regular file", "read m-fifo: it is not a regular file", "read m-link: no such file or directory",
	}, nil, []string{"m-dir rejected", "m-fifo rejected", "m-link rejected"})
}

func TestSourceSettings(t *testing.T) {
	for want, change := range map[string]func(*Source){
		`read settlement feed mastercard: path pattern "[": syntax error in pattern`: func(s *Source) { s.Place = delivery.Folder("[") },
	} {
		s := newFolder(t).source()
		change(s)
		if got := read(s); got.err == nil || got.err.Error() != want {
			t.Errorf("got %v, want %s", got.err, want)
		}
	}
}

func TestFindingsHoldNoCardNumber(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", bytes.Replace(ipmtest.Good(3, false, false), []byte("978"), []byte(ipmtest.PAN("4", 3)), 1))
	got := read(f.source())
	if len(got.gaps) != 1 || strings.Contains(strings.Join(got.gaps, ""), ipmtest.PAN("5555551", 7)) {
		t.Errorf("gaps %q", got.gaps)
	}
}

// testProfile describes the file.
func testProfile() csvfile.Profile {
	return csvfile.Profile{
		Columns: map[string]string{
			"reference": "payment_reference", "rrn": "rrn", "auth_code": "auth_code", "type": "type", "amount": "amount", "currency": "currency",
			"fee": "fee", "card": "card", "transaction_time": "transaction_time", "business_date": "business_date",
		},
		Types:   map[string]string{"capture": "presentment", "refund": "refund", "chargeback": "chargeback"},
		Scale:   "decimal",
		Trailer: csvfile.Trailer{Column: "payment_reference", Value: "TRAILER", Count: "rrn", Total: "amount"},
	}
}
