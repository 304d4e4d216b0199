package settlement

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/sourcetest"
)

// goodCSV is a file with n lines from the given one on.
func goodCSV(from, n int) []byte {
	text := strings.Builder{}
	text.WriteString(visaHeader)
	for i := range n {
		text.WriteString(visaRow(from+i, "1.00", "EUR"))
	}
	text.WriteString(visaTrailer(int64(n), 100*int64(n)))
	return []byte(text.String())
}

func TestExercise(t *testing.T) {
	ipm, csv := newFolder(t), newFolder(t)
	var with ipmFile
	with.header()
	for i := range 2500 {
		with.add("1240", presentment(i+1))
	}
	with.add("1644", de{24: "693", 72: "hello"}) // a message without money in it
	with.trailer()
	ipm.write("m-1.ipm", with.bytes())
	csv.write("m-20261117.csv", goodCSV(1, 1200))
	csv.write("m-20261118.csv", goodCSV(1201, 1300))
	for name, open := range map[string]func(*testing.T) pipeline.Source[record.SettlementLine]{
		"ipm": func(*testing.T) pipeline.Source[record.SettlementLine] { return ipm.source() },
		"csv": func(*testing.T) pipeline.Source[record.SettlementLine] {
			s := csv.source()
			s.Format, s.Profile = FormatCSV, visaProfile()
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Exercise(t, sourcetest.Case[record.SettlementLine]{
				Open: open, Window: testWindow(), Records: 2500,
				ID:          func(l record.SettlementLine) string { return l.File + ":" + strconv.FormatInt(l.Record, 10) },
				Timeless:    func(record.SettlementLine) bool { return true }, // the window only says which files are due
				Stands:      lines,
				Unreachable: unusable(),
			})
		})
	}
}

// lines counts what the extents hold: what was excluded was never a line.
func lines(extents []audit.Extent, _ []audit.Exclusion) (n int64) {
	for _, e := range extents {
		n += e.Records
	}
	return n
}

// unusable are feeds without one usable file.
func unusable() map[string]func(*testing.T) pipeline.Source[record.SettlementLine] {
	out := map[string]func(*testing.T) pipeline.Source[record.SettlementLine]{}
	for cause, prepare := range map[string]func(folder) error{
		"no file":               func(folder) error { return nil },
		"no folder":             func(f folder) error { return os.Remove(f.dir) },
		"a folder in its place": func(f folder) error { return os.Mkdir(filepath.Join(f.dir, "m-1.ipm"), 0o700) },
		"a dangling link":       func(f folder) error { return os.Symlink("nowhere", filepath.Join(f.dir, "m-1.ipm")) },
		"half a file": func(f folder) error {
			f.write("m-1.ipm", goodIPM(3, false, false)[:200])
			return nil
		},
	} {
		out[cause] = func(t *testing.T) pipeline.Source[record.SettlementLine] {
			f := newFolder(t)
			if err := prepare(f); err != nil {
				t.Fatal(err)
			}
			return f.source()
		}
	}
	return out
}
