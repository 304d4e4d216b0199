package ddbstream_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
	"parallax/sources/ddbstream"
)

// Bad input, and where it is tested:
//
//	expired iterators, throttling, faults of the server, a cut body, a bad checksum   TestGoesOnAfterThrottlingExpiryAndServerFaults
//	trims: whole shards, in mid-shard, between iterator and page                      TestTrimmingIsAGap, TestTrimmedPositionIsAGap, TestTrimmedInMidShard
//	shards that vanish, before and while they are read                                TestVanishedShardIsAGapOnce, TestShardThatVanishesWhileItIsRead
//	empty pages, for minutes                                                          TestEmptyPagesOfAnOpenShardAreNotItsEnd, TestEmptyPagesForMinutes
//	duplicate pages, circles                                                          TestRepeatedPagesAreReadOnce, TestAnswersThatGoRoundInACircleAreAGap
//	a refusing service that recovers: the pace                                        TestThrottledShardIsReadMoreSlowlyThenRecovers
//	bodies: empty, HTML, no JSON, no records, checksum of another, too long           TestBodiesThatAreNoAnswer
//	records: numbers out of range, unknown types, strange members                     TestRecordsThatCannotBeUsedAreGaps
//	items of 400 KB, binary keys, numbers of 38 digits, huge exponents                TestStrangeItemsAreReadWhole
//	a stream disabled and enabled again; views without images                         TestStreamsThatCannotBeAudited, TestViewsThatLeaveSomethingOut
//	silence, no credentials, nobody there                                             TestSilenceCostsOneTimeoutAWorker, TestMissingCredentialsReadAsSuch

// strange are bodies that no service would send, and what is said of each.
var strange = map[string]struct {
	body, reason string
	answer       func(w http.ResponseWriter, body string)
}{
	"an empty body":        {"", "byte 0: not an object", send},
	"no records":           {"{}", "an answer without records", send},
	"null":                 {"null", "not an object", send},
	"HTML from a proxy":    {"<html>Please sign in</html>", "not an object", send},
	"half an answer":       {`{"Records":[{"eventName":"INS`, "a string without an end", send},
	"two answers":          {`{"Records":[]}{"Records":[]}`, "something behind the end", send},
	"a bad checksum":       {`{"Records":[]}`, "checksum: 1 is stated", checksum("1")},
	"no checksum at all":   {`{"Records":[]}`, "checksum: not a number", checksum("none")},
	"cut in mid-body":      {`{"Records":[],"NextShardIterator":"1"}`, "cut off after 20 bytes", cut},
	"a body without end":   {"", "longer than 16777216", endless},
	"a chunked one":        {"", "what cannot be read: body: ", chunked}, // too long, or cut off: see chunked
	"a fault without text": {"", "answered with status 502 and no error of the service", status(http.StatusBadGateway, "<html>Bad Gateway</html>")},
	"a refusal by a proxy": {"", "answered with status 403 and no error of the service", status(http.StatusForbidden, "<html>Forbidden</html>")},
	"nothing to be found":  {"", "byte 0: not an object", status(http.StatusNoContent, "")},
}

func checksum(text string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, body string) {
		w.Header().Set("X-Amz-Crc32", text)
		_, _ = io.WriteString(w, body)
	}
}

func cut(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = io.WriteString(w, body[:20])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func endless(w http.ResponseWriter, _ string) {
	w.Header().Set("Content-Length", fmt.Sprint(17<<20))
	blanks := []byte(strings.Repeat(" ", 1<<20))
	for range 17 {
		_, _ = w.Write(blanks)
	}
}

// chunked is as long and does not say so beforehand. The client closes the body of its request as soon as the answer
// begins; where the transport has not yet found that body's end, it takes the close for an error in writing and gives the
// connection up ("use of closed network connection"). So a long answer may be cut off at any place, which is as good as
// one that is too long: it is asked for again, and a gap if it stays so.
func chunked(w http.ResponseWriter, _ string) {
	blanks := []byte(strings.Repeat(" ", 1<<20))
	for range 17 {
		if _, err := w.Write(blanks); err != nil {
			return
		}
	}
}

func status(code int, body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// What is no answer is asked for again; if it stays so, what lies there is a gap, and a later run reads it.
func TestBodiesThatAreNoAnswer(t *testing.T) {
	for name, c := range strange {
		t.Run(name, func(t *testing.T) {
			bad := 1_000_000
			s := &scripted{pages: [][]put{{{n: 1, minute: 1}}, {{n: 2, minute: 2}}}}
			s.spoil = func(call int, w http.ResponseWriter) bool {
				if call == 1 || call > 1+bad {
					return false
				}
				c.answer(w, c.body)
				return true
			}
			l := s.lab(t)
			l.source.Retries = 3
			r := l.until(start.Add(time.Hour))
			g := r.gap(t, c.reason)
			if r.wants(t, 1, 1); !r.mark.IsZero() || !strings.Contains(g.Reason, "GetRecords of shard shard-1") {
				t.Errorf("watermark %v; %s", r.mark, g.Reason)
			}
			if strings.Contains(g.Reason, "sign in") {
				t.Errorf("the gap quotes the body: %s", g.Reason)
			}
			s.mu.Lock()
			bad, s.asked = 2, 1 // from now on it goes wrong twice
			s.mu.Unlock()
			later := l.until(start.Add(time.Hour))
			later.wants(t, 2, 2)
			later.whole(t)
		})
	}
}

func TestRepeatedPagesAreReadOnce(t *testing.T) {
	l := (&scripted{ends: true, pages: [][]put{
		{{n: 1, minute: 1}, {n: 2, minute: 2}}, {{n: 1, minute: 1}, {n: 2, minute: 2}}, nil, {{n: 2, minute: 2}, {n: 3, minute: 3}}, {{n: 4, minute: 4}},
	}}).lab(t)
	r := l.until(start.Add(time.Hour))
	r.wants(t, 1, 4)
	r.whole(t)
	if r.excluded != 3 {
		t.Errorf("%d records are counted as repeated", r.excluded)
	}
}

func TestEmptyPagesForMinutes(t *testing.T) {
	l := (&scripted{pages: empty(400, put{n: 1, minute: 1})}).lab(t)
	l.source.IdlePages = 50
	first := l.until(start.Add(time.Hour))
	first.wants(t, 1, 0) // an open shard counts as read to the present
	l.source.IdlePages = 500
	l.until(start.Add(time.Hour)).wants(t, 1, 1)
}

func TestThrottledShardIsReadMoreSlowlyThenRecovers(t *testing.T) {
	s := &scripted{}
	for n := range 40 {
		s.pages = append(s.pages, []put{{n: n + 1, minute: 1}})
	}
	s.ends = true
	s.spoil = func(call int, w http.ResponseWriter) bool {
		if call < 3 || call > 6 {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#LimitExceededException","message":"too fast"}`)
		return true
	}
	l := s.lab(t)
	l.source.Backoff = 10 * time.Millisecond
	r := l.until(start.Add(time.Hour))
	r.wants(t, 1, 40)
	r.whole(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	gap := func(i int) time.Duration { return s.times[i].Sub(s.times[i-1]) }
	if slow, want := gap(8), 80*time.Millisecond; slow < want {
		t.Errorf("%s between two pages after four refusals, want at least %s", slow, want)
	}
	if n := len(s.times); s.times[n-1].Sub(s.times[n-11]) > 10*gap(8)/2 {
		t.Errorf("the last ten pages took %s, those after the refusals %s each", s.times[n-1].Sub(s.times[n-11]), gap(8))
	}
}

func TestRecordsThatCannotBeUsedAreGaps(t *testing.T) {
	record := func(n int, what string) put {
		p := put{n: n, minute: 2}
		p.raw = strings.Replace(p.json(), `"NewImage":{`, `"NewImage":{`+what+`,`, 1)
		return p
	}
	s := &scripted{ends: true, pages: [][]put{
		{{n: 1, minute: 1}, record(2, `"amount":{"N":"1E9999"}`), record(3, `"amount":{"N":"one"}`)},
		{record(4, `"x":{"Z":"1"}`), record(5, `"pk":{"S":"again"}`), {raw: "null"}, {n: 6, minute: 6}},
	}}
	l := s.lab(t)
	r := l.until(start.Add(time.Hour))
	if got := strings.Join(r.keys(), " "); got != "order-0001 order-0006" {
		t.Errorf("read %s", got)
	}
	for _, reason := range []string{
		"record 100000000000000000002: new image: attribute amount: not a number", "record 100000000000000000003: new image: attribute amount: not a number",
		"record 100000000000000000004: new image: attribute x: an unknown type of value", "record 100000000000000000005: new image: an attribute that is there twice",
		"record : not an object",
	} {
		r.gap(t, reason)
	}
	if len(r.gaps) != 5 {
		t.Errorf("%d gaps: %v", len(r.gaps), r.gaps)
	}
	l.until(start.Add(2 * time.Hour)).whole(t) // each is reported once
}

func TestStrangeItemsAreReadWhole(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.HashKey = "id" })
	for i, item := range []globaltable.Item{
		{"id": {Type: "S", Text: "large"}, "text": {Type: "S", Text: strings.Repeat("é\n\"<", 80_000)}},
		{"id": {Type: "S", Text: "numbers"}, "long": {Type: "N", Text: strings.Repeat("9", 38)}, "far": {Type: "N", Text: "1E125"}, "near": {Type: "N", Text: "-1e-130"}},
	} {
		l.now = l.now.Add(time.Duration(i+1) * time.Minute)
		if err := l.cluster.Put(dublin, l.now, item, globaltable.Condition{Absent: true}); err != nil {
			t.Fatal(err)
		}
	}
	l.cluster.Advance(l.now.Add(2 * time.Second))
	r := l.read()
	r.whole(t)
	if got := strings.Join(r.keys(), " "); got != "large numbers" {
		t.Fatalf("read %s", got)
	}
	for _, c := range r.changes {
		switch c.Key {
		case "large":
			if got := c.New.Text("text"); got != strings.Repeat("é\n\"<", 80_000) {
				t.Errorf("the large text has %d bytes", len(got))
			}
		case "numbers":
			if c.New.Text("long") != strings.Repeat("9", 38) || c.New.Text("far") != "1"+strings.Repeat("0", 125) || c.New.Text("near") != "-0."+strings.Repeat("0", 129)+"1" {
				t.Errorf("%s", c.New)
			}
		}
	}
	s := &scripted{ends: true, pages: [][]put{{{raw: `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"100000000000000000001","ApproximateCreationDateTime":1.795010101E9,` +
		`"Keys":{"pk":{"B":"AP\/\/"}},"NewImage":{"pk":{"B":"AP\/\/"}}}}`}}}}
	b := s.lab(t).until(start.Add(100 * time.Hour))
	if len(b.changes) != 1 || b.changes[0].Key != "AP//" {
		t.Errorf("a binary key: %+v", b.changes)
	}
}

func TestViewsThatLeaveSomethingOut(t *testing.T) {
	for view, untold := range map[string]string{
		"KEYS_ONLY": "nothing can be proven of any write", "NEW_IMAGE": "nothing of what a write replaced: no write and no delete can be proven lost",
		"OLD_IMAGE": "nothing of what a write stored: no write can be proven lost or replicated",
	} {
		s := &scripted{view: view, pages: [][]put{{{n: 1, minute: 1}}}}
		r := s.lab(t).until(start.Add(time.Hour))
		r.gap(t, "has view type "+view)
		r.gap(t, untold)
		if len(r.changes) > 0 || !r.mark.IsZero() {
			t.Errorf("%s: %d records, watermark %v", view, len(r.changes), r.mark)
		}
	}
}

func TestTrimmedInMidShard(t *testing.T) {
	s := &scripted{ends: true, pages: [][]put{{{n: 1, minute: 1}}, {{n: 2, minute: 2}}, {{n: 9, minute: 9}}}}
	s.spoil = func(call int, w http.ResponseWriter) bool {
		if call != 2 {
			return false
		}
		s.pages = [][]put{{{n: 9, minute: 9}}} // what is left when the shard is opened again at its trim horizon
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException","message":"trimmed"}`)
		return true
	}
	r := s.lab(t).until(start.Add(time.Hour))
	g := r.gap(t, "shard shard-1 was trimmed before it was read")
	if !g.Window.From.Equal(start.Add(time.Minute)) || !g.Window.To.Equal(start.Add(9*time.Minute)) {
		t.Errorf("the gap is %s", g.Window)
	}
	if got := strings.Join(r.keys(), " "); got != "order-0001 order-0009" || r.mark.IsZero() {
		t.Errorf("read %s, watermark %v", got, r.mark)
	}
}

func TestShardThatVanishesWhileItIsRead(t *testing.T) {
	s := &scripted{pages: [][]put{{{n: 1, minute: 1}}, {{n: 2, minute: 2}}}}
	s.spoil = func(call int, w http.ResponseWriter) bool {
		if call == 1 {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"}`)
		return true
	}
	r := s.lab(t).until(start.Add(time.Hour))
	r.wants(t, 1, 1)
	r.gap(t, "shard shard-1 was trimmed while it was read")
}

func TestConsistencyAndWitnessesAreReported(t *testing.T) {
	for table, want := range map[string]map[string]string{
		`,"Replicas":[{"RegionName":"eu-west-1","ReplicaStatus":"ACTIVE"},{"RegionName":"eu-west-2","ReplicaStatus":"ACTIVE"}],"MultiRegionConsistency":"STRONG",` +
			`"GlobalTableWitnesses":[{"RegionName":"eu-central-1","WitnessStatus":"ACTIVE"}]`: {"mode": "STRONG", "witness eu-central-1": "ACTIVE"},
		`,"Replicas":[{"RegionName":"eu-west-1","ReplicaStatus":"ACTIVE"}]`: {"mode": "EVENTUAL"},
	} {
		x, ok := (&scripted{table: table}).lab(t).until(start.Add(time.Hour)).extents[ddbstream.ExtentConsistency]
		if fmt.Sprint(x.Totals) != fmt.Sprint(want) || !ok {
			t.Errorf("%v, want %v", x.Totals, want)
		}
	}
	if x, ok := (&scripted{}).lab(t).until(start.Add(time.Hour)).extents[ddbstream.ExtentConsistency]; ok {
		t.Errorf("a table of one region: %v", x)
	}
}
