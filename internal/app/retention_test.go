package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
)

// hours is a window of hours past the world's noon.
func hours(a, b int) audit.Window { return minutes(a*60, b*60) }

// wantManifest wants the folder to hold the files that the manifest names, and some of them.
func (w *tableWorld) wantManifest() {
	w.Helper()
	files, segments := w.files(), w.segments()
	if !slices.Equal(files, segments) || len(files) == 0 {
		w.Errorf("at %s the folder holds %q, the manifest names %q", w.keys.Now(), files, segments)
	}
}

// What is older than the retention goes, from the manifest and the folder alike; what is left is audited as before, and of
// what is gone no run says that it was clean.
func TestRetention(t *testing.T) {
	w := newTableWorld(t, nil)
	w.configure(settings{archive: "retention: 48h"})
	w.capture(minute(1))
	w.lose(noon.Add(time.Hour), "lost-early")
	w.capture(noon.Add(2 * time.Hour))
	early := w.segments()
	w.wantFindings("found while it was there", said(w.run("lww", minutes(30, 90), noon.Add(2*time.Hour)).Reported), "lww.lost_write lost-early proven")
	for hour := 6; hour <= 96; hour += 6 {
		now := noon.Add(time.Duration(hour) * time.Hour)
		w.quiet(now.Add(-2*time.Hour), fmt.Sprintf("quiet-%d", hour))
		if hour == 90 {
			w.lose(now.Add(-time.Hour), "lost-late")
		}
		w.wantVerdict(w.capture(now), audit.RunClean)
		w.wantManifest()
		if gone := !slices.Contains(w.segments(), early[0]); gone != (hour > 48) {
			t.Errorf("after %d hours the first segment is gone: %t", hour, gone)
		}
	}
	now := noon.Add(96 * time.Hour)
	forgotten := w.run("lww", minutes(30, 90), now)
	w.wantVerdict(forgotten, audit.RunInconclusive)
	w.wantGap(forgotten, "archive", "older than what the archive still holds", "raise archive.retention")
	w.wantFindings("found in what is forgotten", said(forgotten.Reported))
	half := w.run("lww", hours(24, 80), now)
	w.wantVerdict(half, audit.RunInconclusive)
	w.wantGap(half, "archive", "older than what the archive still holds")
	w.wantVerdict(w.run("lww", hours(80, 84), now), audit.RunClean)
	w.wantFindings("found in what is kept", said(w.run("lww", hours(84, 95), now).Reported), "lww.lost_write lost-late proven")
	w.wantFindings("open", w.living(), "lww.lost_write lost-early proven", "lww.lost_write lost-late proven")
}

// A capture that speaks for a moment far ahead, by its request or by a host's clock, makes nothing old: the age of what is kept
// is told by the clocks of the services.
func TestRetentionTrustsNoMomentAhead(t *testing.T) {
	w := newTableWorld(t, nil)
	w.configure(settings{archive: "retention: 48h"})
	w.capture(minute(1))
	w.lose(minute(30), "lost")
	w.capture(minute(60))
	kept := w.segments()
	ahead := noon.AddDate(0, 0, 60)
	if _, err := w.app.Run(t.Context(), Request{Job: "capture", AsOf: ahead, From: ahead.Add(-time.Hour), To: ahead}); err != nil {
		t.Fatal(err)
	}
	if got := w.segments(); !slices.Equal(got, kept) || len(kept) == 0 {
		t.Errorf("the manifest names %q, before it named %q", got, kept)
	}
	w.wantManifest()
	w.wantFindings("found", said(w.run("lww", minutes(5, 40), minute(60)).Reported), "lww.lost_write lost proven")
}

// The age of the archive is told by the earliest of the moment asked for and what the streams say of themselves.
func TestReliableNow(t *testing.T) {
	read := func(minutes int) audit.Coverage {
		return audit.Coverage{Window: hours(0, 1), Watermark: minute(minutes)}
	}
	for name, tc := range map[string]struct {
		captured []audit.Coverage
		want     time.Time
		known    bool
	}{
		"streams read beyond the moment":     {[]audit.Coverage{read(70), read(65)}, minute(60), true},
		"a stream read less far":             {[]audit.Coverage{read(70), read(20)}, minute(20), true},
		"a stream not read to its end":       {[]audit.Coverage{read(70), {Window: hours(0, 1)}}, time.Time{}, false},
		"a stream captured beyond it before": {[]audit.Coverage{{Window: hours(1, 1)}, read(50)}, minute(50), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, known := reliableNow(minute(60), tc.captured); !got.Equal(tc.want) || known != tc.known {
				t.Errorf("%s (%t), want %s (%t)", got, known, tc.want, tc.known)
			}
		})
	}
}

// What a killed capture has left behind goes when it is a day old, and not before: another one may yet commit it.
func TestWhatAKilledCaptureLeft(t *testing.T) {
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.quiet(minute(10), "first")
	w.capture(minute(20))
	w.quiet(minute(30), "second")
	w.keys.Advance(minute(31))
	if _, err := w.app.captureJob(t.Context(), task{window: minutes(20, 31), asOf: minute(31)}); err != nil { // and killed before its commit
		t.Fatal(err)
	}
	committed := w.segments()
	var left []string
	for _, file := range w.files() {
		if !slices.Contains(committed, file) {
			left = append(left, file)
		}
	}
	if len(left) == 0 {
		t.Fatal("the killed capture left nothing behind")
	}
	w.quiet(minute(40), "second") // what the next capture writes is not what the killed one has written
	for _, age := range []time.Duration{23 * time.Hour, 25 * time.Hour} {
		for _, file := range left {
			then := time.Now().Add(-age)
			if err := os.Chtimes(filepath.Join(w.app.cfg.Archive.Dir, filepath.FromSlash(file)), then, then); err != nil {
				t.Fatal(err)
			}
		}
		w.wantVerdict(w.capture(w.keys.Now().Add(10*time.Minute)), audit.RunClean)
		files := w.files()
		for _, file := range left {
			if gone := !slices.Contains(files, file); gone != (age > 24*time.Hour) {
				t.Errorf("%s, left %s ago, is gone: %t", file, age, gone)
			}
		}
	}
	w.wantManifest()
	w.wantVerdict(w.run("lww", minutes(5, 45), w.keys.Now()), audit.RunClean)
}
