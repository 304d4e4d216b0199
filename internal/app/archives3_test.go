package app

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"parallax/internal/audit"
)

// onS3 keeps the archive of a world in a bucket, "archive" if it is the one that is there.
func (w *tableWorld) onS3(url, bucket string) {
	w.Helper()
	w.configure(settings{archive: "s3: s3://" + bucket + "/changes", s3: url})
}

// A bucket holds the archive as a folder does: the same findings, and no file beside it.
func TestArchiveOnS3(t *testing.T) {
	findings := map[bool][]string{}
	for _, remote := range []bool{false, true} {
		w := newTableWorld(t, nil)
		b, url := openBucket(t)
		if remote {
			w.onS3(url, "archive")
		}
		w.capture(minute(1))
		w.lose(minute(10), "lost-1")
		w.quiet(minute(12), "quiet")
		w.capture(minute(30))
		w.lose(minute(35), "lost-2")
		w.capture(minute(59))
		run := w.run("lww", minutes(5, 40), minute(59))
		w.wantVerdict(run, audit.RunFindings)
		findings[remote] = said(run.Reported)
		segments := w.segments()
		if remote != (len(b.keys()) == len(segments)) || len(segments) == 0 {
			t.Errorf("on S3 %t: the bucket holds %d objects, the manifest names %d", remote, len(b.keys()), len(segments))
		}
		if _, err := os.Stat(w.app.cfg.Archive.Dir); remote != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("on S3 %t: the folder of the archive: %v", remote, err)
		}
		for _, key := range b.keys() {
			if !strings.HasPrefix(key, "changes/keys/") {
				t.Errorf("object %s lies outside the prefix and the table", key)
			}
		}
		w.wantFindings("found", findings[remote], "lww.lost_write lost-1 proven", "lww.lost_write lost-2 proven")
	}
}

// A bucket that takes no writes ends the capture: what was read is read again, and nothing of it is committed.
func TestABucketThatTakesNothing(t *testing.T) {
	refusing := func(status int, code string) func(string) (int, string) {
		return func(method string) (int, string) {
			if method == http.MethodPut {
				return status, code
			}
			return 0, ""
		}
	}
	for name, c := range map[string]struct {
		bucket string
		refuse func(string) (int, string)
		want   []string
	}{
		"missing": {"other", nil, []string{"s3://other/", "NoSuchBucket", "create the bucket"}},
		"denied":  {"archive", refusing(http.StatusForbidden, "AccessDenied"), []string{"AccessDenied", "s3:PutObject"}},
		"broken":  {"archive", refusing(http.StatusInternalServerError, "InternalError"), []string{"InternalError", "run again later"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTableWorld(t, nil)
			b, url := openBucket(t)
			w.onS3(url, c.bucket)
			b.refusing(c.refuse)
			w.lose(minute(10), "lost")
			_, err := w.try("capture", minutes(0, 59), minute(59))
			for _, word := range c.want {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("the capture ended with %v, want it to say %q", err, word)
				}
			}
			w.wantNothingCommitted()
			w.wantVerdict(w.run("lww", minutes(5, 40), minute(59)), audit.RunInconclusive)
			b.refusing(nil)
			w.onS3(url, "archive")
			w.wantVerdict(w.capture(minute(60)), audit.RunClean)
			w.wantFindings("found after all", said(w.run("lww", minutes(5, 40), minute(60)).Reported), "lww.lost_write lost proven")
		})
	}
}

// A segment that is gone is a gap that names it, and the loss that was found in it stays.
func TestASegmentGoneFromTheBucket(t *testing.T) {
	w := newTableWorld(t, nil)
	b, url := openBucket(t)
	w.onS3(url, "archive")
	w.capture(minute(1))
	w.lose(minute(10), "lost")
	w.capture(minute(59))
	w.wantVerdict(w.run("lww", minutes(5, 40), minute(59)), audit.RunFindings)
	for _, key := range b.keys() {
		if strings.Contains(key, london) {
			b.remove(key)
			run := w.run("lww", minutes(5, 40), minute(59))
			w.wantVerdict(run, audit.RunInconclusive)
			w.wantGap(run, "archive", key, "NoSuchKey", "restore the object")
			w.wantFindings("still open", w.living(), "lww.lost_write lost proven")
			return
		}
	}
	t.Fatal("the bucket holds nothing of London")
}
