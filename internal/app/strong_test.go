package app

import (
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/audit"
)

// A table with strong consistency between its regions refuses what another would throw away: nothing is called lost there.
func TestAStronglyConsistentTableLosesNothing(t *testing.T) {
	w := newTableWorld(t, func(_ string, h http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			body := strings.ReplaceAll(answer.Body.String(), `"MultiRegionConsistency":"EVENTUAL"`, `"MultiRegionConsistency":"STRONG"`)
			maps.Copy(out.Header(), answer.Header())
			out.Header().Set("Content-Length", strconv.Itoa(len(body)))
			out.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10))
			out.WriteHeader(answer.Code)
			_, _ = io.WriteString(out, body) // a client that has gone is no concern of the server
		})
	})
	w.capture(minute(1))
	w.lose(minute(10), "fought over")
	w.keys.LoseNext(dublin, "stuck")
	w.write(dublin, minute(25), "stuck", "accepted")
	w.wantVerdict(w.capture(minute(59)), audit.RunClean)
	run := w.run("lww", minutes(5, 40), minute(59))
	for _, f := range run.Reported {
		if f.Kind != audit.LWWNotReplicated {
			t.Errorf("%s of %s: %s", f.Kind, f.Key, f.Reason)
		}
	}
	if found := said(run.Reported); !slices.Contains(found, "lww.not_replicated stuck proven") {
		t.Errorf("found %q, not what never arrived", found)
	}
}
