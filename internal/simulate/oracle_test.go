package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tiny is a world written by hand, a step a line:
//
//	T REGION write NAME [content C]   a write over whatever the region holds
//	T REGION remove NAME
//	T REGION expire NAME
//	T REGION gets NAME                the message arrives
//
// T is in seconds, REGION a, b or c. A stamp other than T is said by "stamp S" at the end.
func tiny(t *testing.T, script string) (*History, map[string]int) {
	t.Helper()
	w := NewWorld(Profile{Regions: 3, Tail: time.Hour}, 1)
	h := newHistory(w, "order-1")
	r, names := newReplicas(h), map[string]int{}
	for line := range strings.Lines(script) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		seconds, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		at, region, name := w.Begin.Add(time.Duration(seconds)*time.Second), int(f[1][0]-'a'), f[3]
		if f[2] == "gets" {
			r.apply(region, message{at, h.Versions[names[name]]})
			continue
		}
		it := &item{key: h.Key, payment: "pay-1", hash: name}
		if i := slices.Index(f, "content"); i > 0 {
			it.hash = f[i+1]
		}
		if f[2] != "write" {
			it = nil
		}
		v := r.write(region, at, it)
		v.TTL = f[2] == "expire"
		if i := slices.Index(f, "stamp"); i > 0 {
			s, err := strconv.Atoi(f[i+1])
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			v.Stamp = w.Begin.Add(time.Duration(s) * time.Second)
		}
		names[name] = v.Serial
		r.put(region, v, at)
	}
	r.settle()
	h.trim()
	return h, names
}

// says writes what the oracle found by the names of the script.
func says(h *History, names map[string]int) string {
	name := map[int]string{}
	for n, serial := range names {
		name[serial] = n
	}
	var out []string
	for what, losses := range map[string]map[int]Loss{"lost": h.Lost, "undone": h.Undone} {
		for _, serial := range slices.Sorted(maps.Keys(losses)) {
			l := losses[serial]
			line := fmt.Sprintf("%s %s by %s", what, name[serial], name[l.By.Serial])
			if l.Regained {
				line += " regained"
			}
			if l.Expired {
				line += " expired"
			}
			out = append(out, line)
		}
	}
	if h.Apart {
		out = append(out, "apart")
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestOracleKnowsTinyWorlds(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"an update arrives": {"0 a write p\n1 b gets p\n1 c gets p\n2 b write q\n3 a gets q\n3 c gets q", ""},
		"the later of two updates wins": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 b write w\n7 b gets x\n7 a gets w\n8 c gets w", "lost x by w"},
		"the loser arrives first elsewhere and is lost there as well": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 b write w\n7 c gets x\n7 b gets x\n8 a gets w\n8 c gets w", "lost x by w"},
		"a whole branch is lost": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 a write y\n7 b write w\n8 a gets w\n8 c gets w", "lost x by w; lost y by w"},
		"both regions accept the key": {"0 a write x\n1 b write w\n2 a gets w\n2 c gets w\n2 b gets x", "lost x by w"},
		"combined on the way":         {"0 a write p\n1 a write q\n2 b gets q\n2 c gets q", ""},
		"a removal is undone": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a remove d\n6 b write w\n7 a gets w\n7 c gets w\n7 b gets d", "undone d by w"},
		"what was removed where it had been written is not lost elsewhere too": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 c gets x\n6 a remove d\n7 b write w\n8 a gets w\n8 c gets w", "undone d by w"},
		"an expiry is undone": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a expire d\n6 b write w\n7 a gets w\n7 c gets w", "undone d by w expired"},
		"a removal of what a region never had": {
			"0 a write p\n1 b gets p\n2 a remove d\n3 c gets d\n4 b write w\n5 c gets w\n6 a gets w", "undone d by w"},
		"a removal of what the only region to hear of it never had": {
			"0 a write p\n1 b gets p\n2 a remove d\n3 c gets d\n4 b write w\n5 c gets w", "apart"},
		"an update is lost to a removal": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 b write x\n6 a remove d\n7 b gets d\n7 c gets d\n7 a gets x", "lost x by d"},
		"both remove": {"0 a write p\n1 b gets p\n1 c gets p\n5 b remove e\n6 a remove d\n7 b gets d\n7 c gets d", ""},
		"a removal meets an insert that had seen another removal": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a remove d\n5 b remove e\n6 b write w\n7 a gets w\n7 c gets w", ""},
		"what was removed by its own region is not lost": {
			"0 a write x\n1 a remove d\n2 b write w\n3 a gets w\n3 c gets w", ""},
		"a key made again is lost, what was removed before is not": {
			"0 a write p\n1 b gets p\n1 c gets p\n2 a write x\n3 a remove d\n4 a write q\n5 b write w\n6 a gets w\n6 c gets w", "lost q by w"},
		"equal content is nobody's loss": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x content same\n6 b write w content same\n7 a gets w\n7 c gets w", ""},
		"equal content below a difference": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x content same\n6 a write y\n6 b write w content same\n8 b write z\n9 a gets z\n9 c gets z",
			"lost y by z"},
		"content put back by its own region is nobody's loss": {
			"0 a write p content first\n1 b gets p\n1 c gets p\n5 a write x\n6 a write y content first\n7 b write w\n8 a gets w\n8 c gets w", ""},
		"a write that changes nothing beats an update": {
			"0 a write p content first\n1 b gets p\n1 c gets p\n5 b write x\n6 a write n content first\n7 b gets n\n7 c gets n\n7 a gets x", "lost x by n"},
		"a lost message leaves the regions apart": {"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 b gets x", "apart"},
		"a timestamp not raised leaves the regions apart": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 b write x stamp 9\n6 a gets x\n6 c gets x\n7 a write w stamp 7\n8 b gets w\n8 c gets w", "apart"},
		"lost in one region, carried on by a third": {
			"0 a write p\n1 b gets p\n1 c gets p\n5 a write x\n6 c gets x\n7 b write w\n8 a gets w\n9 c write y\n10 a gets y\n10 b gets y\n10 c gets w",
			"lost w by y; lost x by w regained"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := says(tiny(t, c.script)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDoubleAccept(t *testing.T) {
	h, names := tiny(t, "0 a write x\n1 b write w\n2 a gets w\n3 a remove d\n4 a write q\n5 b gets q\n6 b remove e\n7 b write z")
	v := func(n string) *Version { return h.Versions[names[n]] }
	for _, c := range []struct {
		a, b string
		want bool
	}{{"x", "w", true}, {"w", "x", true}, {"w", "q", false}, {"q", "z", false}, {"x", "x", false}, {"x", "d", false}} {
		if got := DoubleAccept(v(c.a), v(c.b)); got != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

func TestShownApart(t *testing.T) {
	for script, want := range map[string]bool{
		"0 a write p\n1 b gets p\n1 c gets p":               false,
		"0 a write p\n1 b gets p\n1 c gets p\n2 a write q":  true,
		"0 a write p\n1 b gets p":                           true,
		"0 a write p\n1 b gets p\n1 c gets p\n2 a remove d": true,
	} {
		h, _ := tiny(t, script)
		if h.ShownApart() != want {
			t.Errorf("%q: %v", script, !want)
		}
	}
}
