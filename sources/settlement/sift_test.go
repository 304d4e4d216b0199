package settlement

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"parallax/sources/settlement/ipm/ipmtest"
)

func TestYoungFilesAreStillArriving(t *testing.T) {
	f := newFolder(t)
	for i, age := range []time.Duration{time.Second, 2 * time.Minute, -time.Hour} {
		name := fmt.Sprintf("m-%d-20261118.ipm", i)
		f.write(name, ipmtest.Good(i+1, false, false))
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(f.dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s := f.source()
	s.Settle = time.Minute
	got := read(s)
	// The last two carry one id; the one from the future is read: its time says nothing.
	got.expect(t, 2, []string{"m-0-20261118.ipm is still arriving: it changed less than 1m0s before it was looked at", "m-2-20261118.ipm differs from m-1-20261118.ipm under the same file id and was not used"},
		[]string{"file.duplicate m-2-20261118.ipm"}, []string{"m-1-20261118.ipm accepted", "m-2-20261118.ipm duplicate"})
	s.Settle = 0
	if got := read(s); len(got.files) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestUploadsUnderWayAreCounted(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(1, false, false))
	f.write("m-2.ipm.part", []byte("x"))
	f.write("m-3.ipm.tmp", nil)
	s := f.source()
	got := read(s)
	got.expect(t, 1, nil, nil, []string{"m-1.ipm accepted"})
	if want := []string{"2 files named as uploads under way (.tmp, .part, .filepart, or a dot at the beginning)"}; !reflect.DeepEqual(got.excluded, want) {
		t.Errorf("excluded %q", got.excluded)
	}
	if err := os.Remove(filepath.Join(f.dir, "m-1.ipm")); err != nil {
		t.Fatal(err)
	}
	read(s).expect(t, 0, []string{"no file matches m-*"}, nil, nil)
}

// TestSince: what an earlier run has accepted and what settles only days before is left out, unless it has changed since.
func TestSince(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(1, false, false))
	f.write("m-2.ipm", ipmtest.Good(2, false, false)) // with the same file id: a duplicate of one that is not read now
	s := f.source()
	s.Since = "2026-11-19"
	old := KnownFile{Name: "m-1.ipm", SHA256: hexSum(ipmtest.Good(1, false, false)), Status: "accepted", BusinessDate: "2026-11-18", FileID: fileID(t), SeenAt: time.Now().Add(time.Hour)}
	for name, c := range map[string]struct {
		change   func(*KnownFile)
		excluded int
	}{
		"left out":        {func(*KnownFile) {}, 1},
		"of that day":     {func(k *KnownFile) { k.BusinessDate = "2026-11-19" }, 0},
		"of no day":       {func(k *KnownFile) { k.BusinessDate = "" }, 0},
		"rejected then":   {func(k *KnownFile) { k.Status = "rejected" }, 0},
		"changed since":   {func(k *KnownFile) { k.SeenAt = time.Now().Add(-time.Hour) }, 0},
		"of another name": {func(k *KnownFile) { k.Name = "m-0.ipm" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := old
			c.change(&k)
			s.Known = []KnownFile{k}
			got := read(s)
			if len(got.excluded) != c.excluded || len(got.lines) != 1-c.excluded {
				t.Errorf("%d lines, excluded %q", len(got.lines), got.excluded)
			}
			if want := []string{"file.duplicate m-2.ipm"}; !reflect.DeepEqual(got.findings, want) {
				t.Errorf("findings %q", got.findings)
			}
			if s.FilesThrough() != "2026-11-18" {
				t.Errorf("files through %q", s.FilesThrough())
			}
		})
	}
}
