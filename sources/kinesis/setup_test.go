package kinesis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	labkinesis "parallax/internal/lab/kinesis"
)

func TestATableThatDoesNotSendItsChangesIsAGapUntilItsReturnWasSeen(t *testing.T) {
	for _, status := range []string{"DISABLED", "DISABLING", "ENABLING", "ENABLE_FAILED", ""} {
		l := newLab(t, nil)
		l.write(3)
		first := l.read()
		first.whole(t)
		l.stream.Destination(status)
		l.tick(time.Hour)
		off := l.read()
		g := off.gap(t, "does not send its changes to data stream "+stream)
		if !g.Window.From.Equal(first.mark) || g.Window.To.Before(l.now) {
			t.Errorf("%q: gap %s", status, g.Window)
		}
		l.tick(time.Hour)
		l.stream.Destination("ACTIVE")
		l.write(1)
		on := l.read()
		on.wants(t, 4, 4)
		if g := on.gap(t, "again; what it did not send before is missing"); !g.Window.From.Equal(off.mark) {
			t.Errorf("%q: gap %s, want from %s", status, g.Window, off.mark)
		}
		l.read().whole(t)
	}
	l := newLab(t, nil)
	l.write(1)
	l.stream.Destination("UPDATING") // the precision alone changes
	l.read().whole(t)
}

func TestInspectSaysHowTheFeedIsSetUp(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.RangeKey = "sk"; o.Retention = 48 * time.Hour })
	s, gaps := l.source.Inspect(t.Context())
	if len(gaps) > 0 || s.Retention != 48*time.Hour || s.Precision != "MICROSECOND" || s.Destination != "ACTIVE" || s.Shards != 2 ||
		!slices.Equal(s.Keys, []string{"pk", "sk"}) || !s.Created.Equal(start) {
		t.Errorf("%+v, %+v", s, gaps)
	}
	l.stream.Destination("DISABLED")
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "its destination is DISABLED") || gaps[0].Remedy == "" {
		t.Errorf("%+v", gaps)
	}
	l.stream.Destination("ACTIVE")
	l.stream.ARN("arn:aws:kinesis:eu-west-1:123456789012:stream/another")
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "its destination is not set") {
		t.Errorf("%+v", gaps)
	}
	l.faults("DescribeKinesisStreamingDestination", "", 10, labkinesis.Fault{Type: "AccessDeniedException"})
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || gaps[0].Remedy != "allow dynamodb:DescribeKinesisStreamingDestination on it" ||
		gaps[0].Window != (audit.Window{}) {
		t.Errorf("%+v", gaps)
	}
}
