package app

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
)

// TestNoCopyOverNewerReceipts: a receipt that stands in one region only, where it is newer, is not buried under a copy of the older.
func TestNoCopyOverNewerReceipts(t *testing.T) {
	w := newReceiptWorld(t)
	s := w.scene(t, "newer there", 1, func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{london: {}} })
	keys := s.paid(s.clock(1), 5)
	s.s3.HardDelete(london, keys[0])
	s.s3.Put(london, s.clock(5), keys[0], []byte("corrected receipt, newer, only in London"))
	s.s3.Advance(s.clock(6))
	s.inventories(s.clock(24))
	s.at(s.clock(27), 24)
	_, said := s.written(s.clock(27.2))
	if !strings.Contains(said, "newer one, which a copy would bury") {
		t.Errorf("the files say\n%s", said)
	}
	// The version that the file names was hard-deleted in London: here nothing stood there when it was written.
	s = w.scene(t, "newer since", 2, nil)
	keys = s.paid(s.clock(1), 5)
	s.s3.HardDelete(london, keys[0])
	s.inventories(s.clock(24))
	s.at(s.clock(27), 24)
	out, _ := s.written(s.clock(27.2))
	s.s3.Pause()
	s.s3.Put(london, s.clock(27.3), keys[0], []byte("corrected"))
	if got := guardStatesAt(t, s.app, out, s.clock(28)); got != keys[0]+" changed" {
		t.Errorf("guards %s", got)
	}
}

// TestACopyUnderWay: between the copy in place and its arrival the repair is neither done nor spoiled.
func TestACopyUnderWay(t *testing.T) {
	w := newReceiptWorld(t)
	s := w.scene(t, "under way", 1, nil)
	keys := s.paid(s.clock(1), 5)
	version := ""
	for _, v := range s.s3.Versions(dublin) {
		if v.Key == keys[0] {
			version = v.ID
		}
	}
	s.s3.HardDelete(london, keys[0])
	s.inventories(s.clock(24))
	s.at(s.clock(27), 24)
	out, _ := s.written(s.clock(27.2))
	want := func(state string) {
		t.Helper()
		if got := guardStatesAt(t, s.app, out, s.clock(28)); got != keys[0]+" "+state {
			t.Errorf("guards %s, want %s", got, state)
		}
	}
	want("holds")
	s.s3.Pause()
	s.s3.Copy(dublin, keys[0], version, dublin, "STANDARD", s.clock(28))
	want("under way")
	s.s3.Resume()
	s.s3.Advance(s.clock(28.5))
	want("done")
}

// written writes repair files of all that stands, and tells their folder and what was said of them.
func (s *receiptScene) written(at time.Time) (out, said string) {
	s.Helper()
	out = s.TempDir() + "/repair"
	var b bytes.Buffer
	if _, err := s.app.WriteRepair(s.Context(), &b, "table", RepairRequest{AsOf: at, Written: at, From: s.day, To: s.clock(24), Out: out}); err != nil {
		s.Fatal(err)
	}
	return out, b.String()
}

// TestReceiptsAtTheSameTime: runs at the same time do not take one another's files away.
func TestReceiptsAtTheSameTime(t *testing.T) {
	w := newReceiptWorld(t)
	s := w.scene(t, "at once", 1, func(o *buckets.Options) { o.FileRows = 50 })
	keys := s.paid(s.clock(1), 400)
	s.s3.HardDelete(london, keys[1])
	s.inventories(s.clock(24))
	s.s3.Advance(s.clock(27))
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			asOf := s.clock(27).Add(time.Duration(i) * time.Second)
			result, err := s.app.Run(s.Context(), Request{Job: "receipts", AsOf: asOf, From: s.day, To: s.clock(4)})
			if err != nil {
				t.Error(err)
				return
			}
			if r := result.Runs[0]; r.Verdict != audit.RunFindings {
				t.Error(fmt.Sprint(r.Verdict), strings.Join(certificate(r), "\n"))
			}
		})
	}
	all.Wait()
}
