package app

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
)

// Little memory changes nothing of what is found, where there are more keys to judge than are judged in it at a time.
func TestLittleMemoryFindsTheSame(t *testing.T) {
	const keys = 1100
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	var want []string
	each := func(from time.Time, write func(at time.Time, key string)) {
		for i := range keys {
			write(from.Add(time.Duration(i)*100*time.Millisecond), fmt.Sprintf("order-%04d", i))
		}
	}
	each(minute(10), func(at time.Time, key string) {
		w.write(dublin, at, key, "accepted")
		want = append(want, "lww.lost_write "+key+" proven")
	})
	for n := range 8 {
		each(minute(13+2*n), func(at time.Time, key string) { w.write(dublin, at, key, fmt.Sprintf("step %d", n)) })
	}
	each(minute(30), func(at time.Time, key string) {
		w.write(dublin, at, key, "refunded")
		w.write(london, at.Add(10*time.Millisecond), key, "disputed")
	})
	w.capture(minute(59))
	reports := map[int][]audit.Finding{}
	for _, mib := range []int{64, 512} {
		w.configure(settings{limits: fmt.Sprintf("memory_mib: %d", mib)})
		run := w.run("lww", minutes(5, 40), minute(59))
		w.wantVerdict(run, audit.RunFindings)
		if found := said(run.Reported); !slices.Equal(found, want) {
			t.Errorf("in %d MiB: %d findings, want the %d losses", mib, len(found), len(want))
		}
		for _, f := range run.Reported {
			reports[mib] = append(reports[mib], f.Finding)
		}
	}
	if !reflect.DeepEqual(reports[64], reports[512]) {
		t.Error("the findings differ in what they say")
	}
}
