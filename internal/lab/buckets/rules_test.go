package buckets_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/buckets"
)

// TestRulesDecide: what no rule covers stays where it is, without a status.
func TestRulesDecide(t *testing.T) {
	for name, c := range map[string]struct {
		rules  []buckets.Rule
		status string // of a/1 in Dublin
		there  string // its class in London; empty where it is not there
	}{
		"everything":       {[]buckets.Rule{{}}, "200 COMPLETED", "STANDARD"},
		"its prefix":       {[]buckets.Rule{{Prefix: "a/", StorageClass: "GLACIER_IR"}}, "200 COMPLETED", "GLACIER_IR"},
		"another prefix":   {[]buckets.Rule{{Prefix: "b/"}}, "200", ""},
		"switched off":     {[]buckets.Rule{{Disabled: true}}, "200", ""},
		"a tag":            {[]buckets.Rule{{Tag: "kind"}}, "200", ""},
		"another bucket":   {[]buckets.Rule{{OtherBucket: "third"}}, "200", ""},
		"none":             {[]buckets.Rule{}, "200", ""},
		"highest priority": {[]buckets.Rule{{Priority: 5, StorageClass: "ONEZONE_IA"}, {Priority: 9, StorageClass: "STANDARD_IA"}}, "200 COMPLETED", "STANDARD_IA"},
	} {
		p := newPair(func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{dublin: c.rules} })
		p.Put(dublin, noon, "a/1", []byte("x"))
		p.Put(london, noon, "a/2", []byte("back"))
		p.Advance(noon.Add(time.Hour))
		answer, class := head(t, p, london, "a/1"), ""
		if answer.status == 200 {
			if class = answer.header.Get("X-Amz-Storage-Class"); class == "" {
				class = "STANDARD"
			}
		}
		if got := status(t, p, dublin, "a/1"); got != c.status || class != c.there {
			t.Errorf("%s: %q and %q", name, got, class)
		}
		if got := status(t, p, dublin, "a/2"); got != "200 REPLICA" {
			t.Errorf("%s: the way back: %q", name, got)
		}
	}
}

func TestMarkersAndKeysOfKMSGoByTheRule(t *testing.T) {
	for _, stays := range []bool{false, true} {
		p := newPair(func(o *buckets.Options) {
			o.Rules = map[string][]buckets.Rule{dublin: {{NoMarkers: stays, NoKMS: stays}}}
		})
		p.Put(dublin, noon, "deleted", []byte("x"))
		p.Delete(dublin, noon.Add(time.Minute), "deleted")
		p.PutEncrypted(dublin, noon, "sealed", []byte("x"))
		p.Advance(noon.Add(time.Hour))
		gone, there := head(t, p, london, "deleted").status == 404, head(t, p, london, "sealed")
		if gone == stays || (there.status == 200) == stays {
			t.Errorf("stays %v: deleted %v, sealed %d", stays, gone, there.status)
		}
		here := head(t, p, dublin, "sealed")
		if here.header.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || here.header.Get("Etag") == there.header.Get("Etag") {
			t.Errorf("headers %v and %v", here.header, there.header)
		}
	}
}

// TestWithoutVersioning: nothing is replicated unless both buckets keep versions.
func TestWithoutVersioning(t *testing.T) {
	for _, s := range []string{"Suspended", ""} {
		p := newPair(func(o *buckets.Options) { o.Versioning = map[string]string{london: s} })
		p.Put(dublin, noon, "a", []byte("x"))
		p.Advance(noon.Add(time.Hour))
		if got := status(t, p, dublin, "a"); got != "200" || head(t, p, london, "a").status != 404 {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// TestLifecycle: classes change at the midnight after an age is reached, on both sides; what was moved by hand stays.
func TestLifecycle(t *testing.T) {
	const day = 24 * time.Hour
	p := newPair(func(o *buckets.Options) {
		o.Lifecycle = []buckets.Step{{30 * day, "GLACIER_IR"}, {90 * day, "DEEP_ARCHIVE"}}
	})
	p.Put(dublin, noon, "a", []byte("x"))
	p.Put(dublin, noon, "moved", []byte("x"))
	p.Drift(london, "moved", "GLACIER")
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{time.Hour, ""}, {30 * day, ""}, {30*day + 12*time.Hour, "GLACIER_IR"}, {90 * day, "GLACIER_IR"}, {91 * day, "DEEP_ARCHIVE"},
	} {
		p.Advance(noon.Add(c.after))
		for _, region := range []string{dublin, london} {
			if got := head(t, p, region, "a").header.Get("X-Amz-Storage-Class"); got != c.want {
				t.Errorf("%s after %s: %q", region, c.after, got)
			}
		}
	}
	if got := head(t, p, london, "moved").header.Get("X-Amz-Storage-Class"); got != "GLACIER" {
		t.Errorf("moved: %q", got)
	}
}

// TestDeliveredLate: nothing of an inventory is to be seen before its delivery.
func TestDeliveredLate(t *testing.T) {
	p := newPair(func(o *buckets.Options) { o.InventoryDelay = 8 * time.Hour })
	p.Put(dublin, noon, "a", []byte("x"))
	if err := p.WriteInventory(dublin, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	key := p.InventoryBase(dublin) + buckets.Stamp(noon.Add(time.Hour)) + "/manifest.checksum"
	url, stop, err := p.Serve(dublin)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, c := range []struct {
		at           time.Time
		status, keys int
	}{{noon.Add(9*time.Hour - time.Second), 404, 0}, {noon.Add(9 * time.Hour), 200, 4}} {
		p.Advance(c.at)
		code, _ := get(t, url+"/i1/"+key)
		_, list := get(t, url+"/i1?list-type=2")
		if n := strings.Count(list, "<Key>"); code != c.status || n != c.keys {
			t.Errorf("at %s: status %d, %d keys", c.at, code, n)
		}
	}
}

func TestRetag(t *testing.T) {
	p := newPair()
	p.Retag(london, "later")
	for _, key := range []string{"now", "later"} {
		p.PutMultipart(dublin, noon, key, []byte("body"), 2)
	}
	p.Advance(noon.Add(time.Hour))
	p.Retag(london, "now")
	for _, key := range []string{"now", "later"} {
		here, there := head(t, p, dublin, key), head(t, p, london, key)
		if here.header.Get("Etag") == there.header.Get("Etag") || here.size != there.size {
			t.Errorf("%s: %v and %v", key, here, there)
		}
	}
}

// get asks for an address and returns the answer's status and body.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
