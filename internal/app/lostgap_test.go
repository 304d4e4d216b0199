package app

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"parallax/internal/audit"
	"parallax/sinks/store"
)

// spoiler stands before both regions' streams and spoils what GetRecords answers.
type spoiler struct {
	hides   atomic.Bool // every page of Dublin comes empty
	garbles atomic.Bool // no update of Dublin can be understood
	refuses atomic.Bool // London's pages are refused, and those of Dublin without an update
}

func (s *spoiler) around(region string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if op != "GetRecords" {
			h.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		code, body := s.spoil(region, answer.Code, answer.Body.Bytes())
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("Date", answer.Header().Get("Date"))
		w.WriteHeader(code)
		_, _ = w.Write(body)
	})
}

func (s *spoiler) spoil(region string, code int, body []byte) (int, []byte) {
	update := []byte(`"eventName":"MODIFY"`)
	if s.refuses.Load() && (region == london || !bytes.Contains(body, update)) {
		return http.StatusBadRequest, []byte(`{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"no"}`)
	}
	if region != dublin {
		return code, body
	}
	if s.garbles.Load() {
		body = bytes.ReplaceAll(body, update, []byte(`"eventName":"MODIFIED"`))
	}
	if s.hides.Load() {
		body = regexp.MustCompile(`"Records":\[.*\]`).ReplaceAll(body, []byte(`"Records":[]`))
	}
	return code, body
}

// wantLost wants an audit that names the gap and finds nothing: what would tell whether a version arrived is lost.
func (w *tableWorld) wantLost(asOf int) {
	w.Helper()
	run := w.run("lww", minutes(5, 40), minute(asOf))
	w.wantVerdict(run, audit.RunInconclusive)
	w.wantGap(run, "archive", "event name: unknown")
	w.wantFindings("found beside a gap", said(run.Reported))
}

// What a capture lost for good stays lost, though a later one that has nothing to complain of speaks for the same time: the
// first had also been refused something, so the stream's mark stayed where it was.
func TestALaterCaptureDoesNotFillALostGap(t *testing.T) {
	var s spoiler
	w := newTableWorld(t, s.around)
	w.capture(minute(1))
	w.lose(minute(10), "lost")
	s.garbles.Store(true)
	s.refuses.Store(true)
	w.wantVerdict(w.capture(minute(20)), audit.RunInconclusive)
	s.garbles.Store(false)
	s.refuses.Store(false)
	w.wantVerdict(w.capture(minute(60)), audit.RunClean)
	w.wantLost(60)
	gaps, _, err := w.app.store.Findings(t.Context(), store.Filter{Jobs: []string{"capture"}, Status: []audit.Status{audit.Open}})
	if err != nil {
		t.Fatal(err)
	}
	w.wantFindings("open of the captures", said(gaps), "coverage.gap keys/eu-west-1 proven")
}

// A record that shows late and cannot be understood leaves its gap in a time that an earlier capture took for read.
func TestALostGapLiesBeforeItsCapture(t *testing.T) {
	var s spoiler
	w := newTableWorld(t, s.around)
	w.capture(minute(1))
	w.lose(minute(10), "lost")
	s.hides.Store(true)
	w.wantVerdict(w.capture(minute(20)), audit.RunClean)
	s.hides.Store(false)
	s.garbles.Store(true)
	w.wantVerdict(w.capture(minute(60)), audit.RunInconclusive)
	s.garbles.Store(false)
	w.wantVerdict(w.capture(minute(70)), audit.RunClean)
	w.wantLost(70)
}
