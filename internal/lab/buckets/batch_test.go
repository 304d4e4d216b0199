package buckets_test

import (
	"testing"
	"time"

	"parallax/internal/lab/buckets"
)

func TestBatchRefusesAsS3Does(t *testing.T) {
	p, start := newPair(), noon
	ids := map[string]string{}
	for i, key := range []string{"gone", "stuck", "fine", "archived", "marked"} {
		p.Put(dublin, start.Add(time.Duration(i)*time.Second), key, []byte(key))
	}
	p.Stick(dublin, "stuck")
	p.Advance(start.Add(time.Hour))
	p.HardDelete(london, "gone")
	p.Drift(dublin, "archived", "GLACIER")
	for _, v := range p.Versions(dublin) {
		ids[v.Key] = v.ID
	}
	p.MarkDeleted(dublin, "marked", start.Add(2*time.Hour))
	for _, c := range []struct {
		key, id, want string
		changed       bool
	}{
		{"gone", ids["gone"], buckets.HardDeleted, false},
		{"stuck", ids["stuck"], "", true},
		{"stuck", ids["stuck"], "", false},
		{"fine", ids["fine"], "", false},
		{"fine", "another", buckets.NoVersion, false},
	} {
		if changed, refusal := p.Replicate(dublin, c.key, c.id); changed != c.changed || refusal != c.want {
			t.Errorf("replicate %s: %v %q, want %v %q", c.key, changed, refusal, c.changed, c.want)
		}
	}
	at := start.Add(3 * time.Hour)
	for key, want := range map[string]string{"archived": buckets.NotActive, "gone": "", "none": buckets.NoVersion} {
		if got := p.Copy(dublin, key, ids[key], dublin, "STANDARD", at); got != want {
			t.Errorf("copy %s: %q, want %q", key, got, want)
		}
	}
	for _, v := range p.Versions(dublin) {
		if v.Marker {
			if got := p.Copy(dublin, v.Key, v.ID, dublin, "STANDARD", at); got != buckets.NotAllowed {
				t.Errorf("copy a delete marker: %q", got)
			}
		}
	}
	p.Advance(at.Add(time.Hour))
	n := 0
	for _, v := range p.Versions(london) {
		if v.Key == "gone" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d versions of what was copied in place have arrived, want 1", n)
	}
}
