package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
)

const (
	killSeed   = 20261121
	killStages = 5
	killsStage = 10 // eight at any time, two at the commit
	killTable  = "idempotency-keys"
	killKey    = "pk"
)

// TestCaptureKilledAtFiftyPoints kills captures of a table that goes on being written to. In each of five stages one capture
// into a store of its own shows how long it takes and what it says meanwhile; then captures into the store that counts are
// killed, eight of them each in its own part of that time and two at the commit, and one runs to its end. In the end the
// archive must be what an undisturbed capture would have left.
func TestCaptureKilledAtFiftyPoints(t *testing.T) {
	k := newKilling(t)
	k.write(1500)
	hit := 0
	for range killStages {
		k.cluster.Advance(k.cluster.Now().Add(140 * time.Minute)) // some shards roll
		k.write(150)
		control := k.finish(k.control)
		messages := k.gate.messages()
		for _, s := range k.strikes(control.took, messages) {
			if k.kill(s) {
				hit++
			}
		}
		k.finish(k.victim)
	}
	k.write(100)
	left := k.age()
	last := k.finish(k.victim)
	t.Logf("%d captures were killed before their end: %v", hit, k.phases)
	if hit < killStages*killsStage {
		t.Errorf("only %d of %d points were reached before a capture's end: the test tests too little", hit, killStages*killsStage)
	}
	t.Logf("%d files of killed captures had been left", left)
	k.judge(last)
}

// kill kills one capture. One that ended before the strike, because it was quicker than the one that was measured, is made
// good by another that is struck earlier. It reports whether a capture was killed.
func (k *killing) kill(s strike) bool {
	k.Helper()
	for range 5 {
		k.write(20)
		e := k.capture(k.victim, s)
		if e.code == -1 {
			k.phases[phase(k.gate.messages())]++
			return true
		}
		if e.code != exitClean {
			k.Fatalf("seed %d: capture with a strike %s: exit code %d\n%s", killSeed, s, e.code, e.stderr)
		}
		s.wait, s.messages = s.wait/4, s.messages*3/4
	}
	return false
}

// phase names what a capture was at when it had sent the messages.
func phase(messages []message) string {
	reading := slices.IndexFunc(messages, func(m message) bool { return m.to == toDynamoDB })
	switch {
	case len(messages) == 0:
		return "starting"
	case reading < 0:
		return "opening the store"
	case messages[len(messages)-1].to == toDynamoDB:
		return "reading and archiving"
	case slices.ContainsFunc(messages[reading:], func(m message) bool { return m.to == toCommit }):
		return "at the commit and after"
	default:
		return "writing to the store"
	}
}

// killing is the test with what it works on.
type killing struct {
	*testing.T
	chance          *rand.Rand
	cluster         *globaltable.Cluster
	gate            *gate
	program         program
	control, victim capturing
	written         int
	phases          map[string]int
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{T: t, chance: rand.New(rand.NewPCG(killSeed, 1)), gate: &gate{}, phases: map[string]int{}}
	k.cluster = globaltable.New(globaltable.Options{
		Regions: []string{dublin, london}, Table: killTable, HashKey: killKey, Seed: killSeed,
		Start: time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC), MinDelay: 300 * time.Millisecond, MaxDelay: 1500 * time.Millisecond,
		PageRecords: 50, EmptyPage: 0.1,
	})
	k.program = buildProgram(t, exampleCredentials())
	endpoints := map[string]string{}
	for _, region := range []string{dublin, london} {
		endpoints[region] = k.gate.dynamodb(t, k.cluster, region)
	}
	server := openServer(t)
	folder := t.TempDir()
	configured := func(name string) capturing {
		own := createDatabase(t, server, name)
		return configureCapture(t, folder, name, own, k.gate.postgres(t, own), endpoints, killTable)
	}
	k.control, k.victim = configured("control"), configured("victim")
	// So that a store is read by captures only, and opened as it is in daily use.
	for _, c := range []capturing{k.control, k.victim} {
		if e := k.program.run(t, "migrate", "--config", c.config); e.code != exitClean {
			t.Fatalf("migrate: exit code %d\n%s", e.code, e.stderr)
		}
	}
	return k
}

// capture runs the program until it ends or is struck, for the present of the table's clock.
func (k *killing) capture(c capturing, s strike) ending {
	k.Helper()
	struck, ended := k.gate.begin(s), make(chan struct{})
	at := k.cluster.Now()
	args := append([]string{"run", "capture", "--config", c.config}, windowFlags(at.Add(-time.Hour), at, at)...)
	e := k.program.runUntil(k.T, func(p *os.Process) {
		go func() {
			select {
			case <-struck:
				time.Sleep(s.wait)
				_ = p.Kill() // it may have ended
			case <-ended:
			}
		}()
	}, args...)
	close(ended)
	return e
}

// finish runs a capture to its end, which must find nothing amiss.
func (k *killing) finish(c capturing) ending {
	k.Helper()
	e := k.capture(c, strike{messages: -1})
	if e.code != exitClean {
		k.Fatalf("seed %d: capture: exit code %d\n%s%s", killSeed, e.code, e.stdout, e.stderr)
	}
	return e
}

// strikes choose the points of a stage from how an undisturbed capture went.
func (k *killing) strikes(took time.Duration, messages []message) []strike {
	k.Helper()
	commits := 0
	for _, m := range messages {
		if m.to == toCommit {
			commits++
		}
	}
	if commits == 0 {
		k.Fatal("the capture committed nothing")
	}
	out := make([]strike, killsStage)
	for n := range killsStage - 2 {
		at := time.Duration((float64(n) + k.chance.Float64()) / (killsStage - 2) * float64(took))
		for out[n].wait = at; out[n].messages < len(messages) && messages[out[n].messages].after <= at; out[n].messages++ {
			out[n].wait = at - messages[out[n].messages].after
		}
	}
	out[killsStage-2] = strike{commit: commits}
	out[killsStage-1] = strike{commit: commits, obeyed: true}
	return out
}

// age makes the files that killed captures have left older than any capture that could still be running, so that the next
// one may remove them, and returns how many there are.
func (k *killing) age() int {
	k.Helper()
	left := k.victim.unnamed(k.T, killTable)
	for _, path := range left {
		if err := os.Chtimes(path, time.Time{}, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			k.Fatal(err)
		}
	}
	return len(left)
}

// write plays some writes, a few seconds of the table's clock apart at most, and lets all of them arrive.
func (k *killing) write(writes int) {
	k.Helper()
	for range writes {
		k.written++
		at := k.cluster.Now().Add(time.Duration(k.chance.IntN(1500)) * time.Millisecond)
		region := []string{dublin, london}[k.chance.IntN(2)]
		key := fmt.Sprintf("order-%d", k.chance.IntN(400))
		var err error
		switch k.chance.IntN(8) {
		case 0:
			err = k.cluster.Delete(region, at, key, globaltable.Condition{})
		case 1, 2:
			err = k.cluster.Update(region, at, key, globaltable.Item{"n": {Type: "N", Text: fmt.Sprint(k.written)}}, globaltable.Condition{})
		default:
			err = k.cluster.Put(region, at, k.item(key), globaltable.Condition{})
		}
		if err != nil {
			k.Fatal(err)
		}
	}
	k.cluster.Advance(k.cluster.Now().Add(10 * time.Second))
}

func (k *killing) item(key string) globaltable.Item {
	return globaltable.Item{
		killKey: {Type: "S", Text: key}, "n": {Type: "N", Text: fmt.Sprintf("%d.50", k.written)},
		"write": {Type: "S", Text: fmt.Sprintf("write %d, \"quoted\" <&> \u2028 é", k.written)},
		"tags":  {Type: "SS", Raw: json.RawMessage(fmt.Sprintf(`["b","a%d"]`, k.written))},
		"more":  {Type: "M", Raw: json.RawMessage(fmt.Sprintf(`{"z":{"L":[{"BOOL":true},{"NULL":true}]},"a":{"N":"-%d"}}`, k.written))},
	}
}

// judge compares what the captures have left with what the table and its streams say through the SDK.
func (k *killing) judge(last ending) {
	k.Helper()
	records := 0
	for _, region := range []string{dublin, london} {
		url, stop, err := k.cluster.Serve(region) // not by the gate
		if err != nil {
			k.Fatal(err)
		}
		k.Cleanup(stop)
		client := connectAWS(url, region)
		want := client.stream(k.T, killTable, []string{killKey})
		got := k.victim.stream(k.T, killTable, region)
		compareStreams(k.T, region, want, got)
		compareItems(k.T, region, client.items(k.T, killTable), got)
		if len(want) < 5 || want.count() < 2000 {
			k.Errorf("%s: %d records in %d shards: too few for the test to mean anything", region, want.count(), len(want))
		}
		k.Logf("%s: the stream has %d records in %d shards", region, want.count(), len(want))
		k.certificates(region, int64(want.count()))
		records += want.count()
	}
	k.Logf("%d segments hold %d records", len(k.victim.segments(k.T, killTable)), records)
	k.certificate(last)
	if left := k.victim.unnamed(k.T, killTable); len(left) > 0 {
		k.Errorf("the last capture has left %d files that no segment names, for example %s", len(left), left[0])
	}
}

// certificate expects the last capture to have read all of both streams to the end.
func (k *killing) certificate(last ending) {
	k.Helper()
	var runs []audit.RunRecord
	if err := json.Unmarshal([]byte(last.stdout), &runs); err != nil {
		k.Fatalf("run capture: %v\n%s", err, last.stdout)
	}
	if len(runs) != 1 || runs[0].Verdict != audit.RunClean || len(runs[0].Coverage) != 2 {
		k.Fatalf("the certificate of the last capture: %+v", runs)
	}
	for _, c := range runs[0].Coverage {
		if !c.Complete() || !c.Watermark.Equal(runs[0].AsOf) || c.Records == 0 {
			k.Errorf("the certificate of the last capture has %+v", c)
		}
	}
}

// certificates expects those of all captures together to speak for the whole of a stream, without a hole, and for each
// record once. A killed capture has one where it was killed after the commit, and else none.
func (k *killing) certificates(region string, records int64) {
	k.Helper()
	lines, err := k.victim.store.Coverage(k.Context(), "capture", killTable)
	if err != nil {
		k.Fatal(err)
	}
	lines = slices.DeleteFunc(lines, func(c audit.Coverage) bool { return string(c.Region) != region })
	slices.SortFunc(lines, func(a, b audit.Coverage) int { return a.Window.To.Compare(b.Window.To) })
	read := int64(0)
	for i, c := range lines {
		read += c.Records
		if !c.Complete() || i > 0 && !c.Window.From.Equal(lines[i-1].Window.To) {
			k.Errorf("%s: certificate %d of %d speaks for %s, with gaps %v", region, i, len(lines), c.Window, c.Gaps)
		}
	}
	if read != records || len(lines) < killStages+1 {
		k.Errorf("%s: %d certificates name %d records, the stream has %d", region, len(lines), read, records)
	}
}
