package lww_test

import (
	"fmt"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// inTurns is a key that two regions write in turn, n times, each seeing what the other wrote, with one conflict at its end.
func inTurns(r lww.Rules, first audit.Region, n int) lww.Input {
	in := input(nil)
	at, serial := in.Window.From.Add(time.Minute), 0
	version := func(origin audit.Region) record.Image {
		serial++
		return record.NewImage(map[string]record.Attr{
			"pk": {Type: "S", Text: "k"}, "write_id": {Type: "S", Text: fmt.Sprint(serial)}, "origin": {Type: "S", Text: string(origin)},
		})
	}
	put := func(region audit.Region, after time.Duration, before, next record.Image) {
		event := "MODIFY"
		if before.Absent() {
			event = "INSERT"
		}
		in.Changes = append(in.Changes, record.Change{
			Table: r.Table, Region: region, Shard: "s", Seq: fmt.Sprintf("%021d", len(in.Changes)), Event: event, At: at.Add(after), Key: "k", Old: before, New: next,
		})
	}
	stands := version(first)
	put(dublin, 0, "", stands)
	put(london, 0, "", stands)
	for i := range n {
		writer := r.Regions[i%2]
		next := version(writer)
		put(dublin, 0, stands, next)
		put(london, 0, stands, next)
		stands = next
		at = at.Add(time.Second)
	}
	x, x2, y := version(dublin), version(dublin), version(london)
	put(dublin, 0, stands, x)
	put(dublin, time.Second, x, x2)
	put(london, time.Second, stands, y)
	put(dublin, 2*time.Second, x2, y)
	return in
}

// TestHotKey: regions that write a key in turn make an ancestry with a fork at every version. It must be followed in time that
// grows with its length, where a third replica makes it matter.
func TestHotKey(t *testing.T) {
	third := rules()
	third.Regions = append(third.Regions, "eu-central-1")
	for _, c := range []struct {
		name  string
		rules lww.Rules
		first audit.Region
	}{
		{"a third replica that was read", third, dublin},
		{"a third replica that is only named", rules(), "eu-central-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := inTurns(c.rules, c.first, 2000)
			begin := time.Now()
			res := lww.Auditor{Rules: c.rules}.Audit(in)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("2,000 versions took %s", took)
			}
			if len(res.Findings) != 1 || res.Findings[0].Kind != audit.LWWLostWrite {
				t.Errorf("got %d findings, want the one lost write:\n%s", len(res.Findings), format(res))
			}
		})
	}
}
