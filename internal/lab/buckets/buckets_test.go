package buckets_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/lab/buckets"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var noon = time.Date(2026, 11, 18, 12, 0, 0, 500e6, time.UTC)

func newPair(change ...func(*buckets.Options)) *buckets.Pair {
	o := buckets.Options{
		Regions:          [2]string{dublin, london},
		Buckets:          map[string]string{dublin: "r1", london: "r2"},
		InventoryBuckets: map[string]string{dublin: "i1", london: "i2"},
		Prefix:           "inv", ConfigID: "daily", Seed: 7, Start: noon, MinDelay: 2 * time.Second, MaxDelay: 20 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	return buckets.New(o)
}

// answered is the answer to a HEAD request.
type answered struct {
	status int
	size   int64
	header http.Header
}

// head asks a region for a key over HTTP.
func head(t *testing.T, p *buckets.Pair, region, key string) answered {
	t.Helper()
	url, stop, err := p.Serve(region)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	bucket := map[string]string{dublin: "r1", london: "r2"}[region]
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, url+"/"+bucket+"/"+key, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answered{answer.StatusCode, answer.ContentLength, answer.Header}
}

func status(t *testing.T, p *buckets.Pair, region, key string) string {
	t.Helper()
	answer := head(t, p, region, key)
	return strings.TrimSpace(fmt.Sprint(answer.status, " ", answer.header.Get("X-Amz-Replication-Status")))
}

func TestReplication(t *testing.T) {
	p := newPair()
	p.Put(dublin, noon, "a", []byte("body"))
	expect := func(here, there string) {
		t.Helper()
		if h, o := status(t, p, dublin, "a"), status(t, p, london, "a"); h != here || o != there {
			t.Errorf("%q and %q, want %q and %q", h, o, here, there)
		}
	}
	expect("200 PENDING", "404")
	p.Advance(noon.Add(1999 * time.Millisecond)) // the least delay is 2 s
	expect("200 PENDING", "404")
	p.Pause()
	p.Advance(noon.Add(time.Hour))
	expect("200 PENDING", "404")
	p.Resume()
	p.Advance(noon.Add(time.Hour))
	expect("200 COMPLETED", "200 REPLICA")

	here, there := head(t, p, dublin, "a"), head(t, p, london, "a")
	for _, name := range []string{"X-Amz-Version-Id", "Last-Modified", "ETag", "Content-Length"} {
		if h := here.header.Get(name); h == "" || h != there.header.Get(name) {
			t.Errorf("%s: %q and %q", name, h, there.header.Get(name))
		}
	}
	if at, err := http.ParseTime(here.header.Get("Last-Modified")); err != nil || !at.Equal(noon.Truncate(time.Second)) {
		t.Errorf("last modified %s", at)
	}
}

func TestOrderedTroubles(t *testing.T) {
	p := newPair()
	for _, key := range []string{"stuck", "failed", "corrupt", "drifted", "deleted"} {
		p.Put(dublin, noon, key, []byte("original"))
	}
	p.Stick(dublin, "stuck")
	p.Advance(noon.Add(time.Hour)) // the rest arrives first
	p.Fail(dublin, "failed")
	p.Corrupt(london, "corrupt", []byte("other"))
	p.Drift(london, "drifted", "GLACIER")
	p.MarkDeleted(london, "deleted", noon.Add(2*time.Hour))
	p.Advance(noon.Add(24 * time.Hour))
	for key, want := range map[string][2]string{
		"stuck": {"200 PENDING", "404"}, "failed": {"200 FAILED", "404"}, "corrupt": {"200 COMPLETED", "200 REPLICA"},
		"drifted": {"200 COMPLETED", "200 REPLICA"}, "deleted": {"200 COMPLETED", "404"},
	} {
		if got := [2]string{status(t, p, dublin, key), status(t, p, london, key)}; got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if n := head(t, p, london, "corrupt").size; n != 5 {
		t.Errorf("corrupt copy has %d bytes", n)
	}
	if class := head(t, p, london, "drifted").header.Get("X-Amz-Storage-Class"); class != "GLACIER" {
		t.Errorf("storage class %q", class)
	}
	if head(t, p, london, "deleted").header.Get("X-Amz-Delete-Marker") != "true" {
		t.Error("no delete marker in the second region")
	}
}

// TestOrdersBeforeTheWrite: the script may order a trouble before it writes the object.
func TestOrdersBeforeTheWrite(t *testing.T) {
	p := newPair()
	p.Stick(dublin, "stuck")
	p.Fail(dublin, "failed")
	p.Corrupt(london, "corrupt", []byte("other"))
	for _, key := range []string{"stuck", "failed", "corrupt"} {
		p.Put(dublin, noon, key, []byte("original"))
	}
	p.Advance(noon.Add(time.Hour))
	if got := []string{status(t, p, dublin, "stuck"), status(t, p, dublin, "failed")}; got[0] != "200 PENDING" || got[1] != "200 FAILED" {
		t.Errorf("%q", got)
	}
	if head(t, p, london, "corrupt").size != 5 || head(t, p, dublin, "corrupt").size != 8 {
		t.Error("the corrupt copy is not in the second region only")
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	build := func(seed uint64) *buckets.Pair {
		p := newPair(func(o *buckets.Options) { o.Seed = seed })
		for i := range 50 {
			p.Put([]string{dublin, london}[i%2], noon.Add(time.Duration(i)*time.Second), fmt.Sprint("key-", i), []byte{byte(i)})
		}
		if err := p.WriteInventories(noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	one, same, other := build(7), build(7), build(8)
	for _, region := range []string{dublin, london} {
		keys := one.Stored(region)
		if len(keys) != 4 { // manifest, checksum, symlink, one data file
			t.Errorf("%s stores %v", region, keys)
		}
		differs := false
		for _, key := range keys {
			if string(one.Content(region, key)) != string(same.Content(region, key)) {
				t.Errorf("%s %s differs between two runs of one seed", region, key)
			}
			differs = differs || string(one.Content(region, key)) != string(other.Content(region, key))
		}
		if !differs {
			t.Errorf("%s: another seed, the same inventory", region)
		}
	}
}

// TestInventoryShowsWholeSeconds: S3 keeps creation times no finer, and an auditor must cope with that.
func TestInventoryShowsWholeSeconds(t *testing.T) {
	p := newPair()
	p.Put(dublin, noon, "a b", []byte("body"))
	if err := p.WriteInventories(noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, key := range p.Stored(dublin) {
		if !strings.HasSuffix(key, ".csv.gz") {
			continue
		}
		zip, err := gzip.NewReader(bytes.NewReader(p.Content(dublin, key)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		if line := string(text); !strings.HasPrefix(line, `"r1","a+b","`) || !strings.Contains(line, `"4","2026-11-18T12:00:00.000Z","`) {
			t.Errorf("line %s", line)
		}
		return
	}
	t.Error("no data file")
}

func TestWritesAreRefused(t *testing.T) {
	p := newPair()
	p.Put(dublin, noon, "a", []byte("body"))
	url, stop, err := p.Serve(dublin)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost} {
		request, err := http.NewRequestWithContext(t.Context(), method, url+"/r1/a", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "AccessDenied") {
			t.Errorf("%s: %d %s", method, answer.StatusCode, body)
		}
	}
	if got := status(t, p, dublin, "a"); got != "200 PENDING" {
		t.Errorf("after the refused writes: %q", got)
	}
}

func TestServesWhileItIsWritten(t *testing.T) {
	p := newPair()
	url, stop, err := p.Serve(dublin)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var done sync.WaitGroup
	done.Go(func() {
		for i := range 200 {
			at := noon.Add(time.Duration(i) * time.Second)
			p.Put(dublin, at, fmt.Sprint("key-", i), []byte("x"))
			p.Advance(at)
		}
	})
	for range 20 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/r1?list-type=2", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%d: %v", answer.StatusCode, err)
		}
		_ = answer.Body.Close()
	}
	done.Wait()
}

// TestTwelveThousandIsQuick: the demo's size must not be what one waits for.
func TestTwelveThousandIsQuick(t *testing.T) {
	began := time.Now()
	p := newPair()
	for i := range 12_000 {
		at := noon.Add(time.Duration(i) * 150 * time.Millisecond)
		p.Put([]string{dublin, london}[i%2], at, fmt.Sprintf("receipts/2026/11/18/pay_%06d.json", i), []byte("receipt"))
		p.Advance(at)
	}
	if err := p.WriteInventories(noon.Add(12 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("took %s", took)
	if took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
