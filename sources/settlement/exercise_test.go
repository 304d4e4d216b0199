package settlement

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/ipm/ipmtest"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	ipm, csv := newFolder(t), newFolder(t)
	var with ipmtest.File
	with.Header()
	for i := range 2500 {
		with.Add("1240", ipmtest.Presentment(i+1))
	}
	with.Add("1644", ipmtest.Elements{24: "693", 72: "hello"}) // a message without money in it
	with.Trailer()
	ipm.write("m-1.ipm", with.Bytes())
	csv.write("m-20261117.csv", csvtest.Good(1, 1200))
	csv.write("m-20261118.csv", csvtest.Good(1201, 1300))
	for name, open := range map[string]func(*testing.T) pipeline.Source[record.SettlementLine]{
		"ipm": func(*testing.T) pipeline.Source[record.SettlementLine] { return ipm.source() },
		"csv": func(t *testing.T) pipeline.Source[record.SettlementLine] {
			s := csv.source()
			s.Decode = readCSV(t)
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
			f.write("m-1.ipm", ipmtest.Good(3, false, false)[:200])
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
