package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// notTold is the reason of an exclusion: a check that is computed from others, or from an alarm, has no checkers of its own.
const notTold = "the words of checkers, which a calculated health check has none of"

// checkersSaid adds what the checkers last saw while the check failed. Each checker keeps its last failure only, so the
// first of an outage is gone once there was a second: these are moments near its end.
// Source: Amazon Route 53 API reference, "GetHealthCheckLastFailureReason".
func (r *reading) checkersSaid(ctx context.Context, outage audit.Window) {
	var out *route53.GetHealthCheckLastFailureReasonOutput
	err := r.ask(ctx, func(ctx context.Context) (err error) {
		out, err = r.Checkers.GetHealthCheckLastFailureReason(ctx, &route53.GetHealthCheckLastFailureReasonInput{HealthCheckId: &r.ID})
		return err
	})
	var answer smithy.APIError
	switch {
	case errors.As(err, &answer) && answer.ErrorCode() == "InvalidInput":
		r.excluded = append(r.excluded, audit.Exclusion{Reason: notTold})
		return
	case err != nil:
		r.refused(err, "GetHealthCheckLastFailureReason", outage)
		return
	}
	var last types.HealthCheckObservation
	var when time.Time
	said := int64(0)
	for _, o := range out.HealthCheckObservations {
		at, within := moment(o, outage)
		if !within || at.After(r.AsOf) {
			continue
		}
		said++
		if at.After(when) || at.Equal(when) && aws.ToString(o.IPAddress) < aws.ToString(last.IPAddress) {
			last, when = o, at
		}
	}
	if said > 0 {
		r.add(record.HealthReason, when, fmt.Sprintf("last failure seen by a checker (%s, %s): %s",
			last.Region, aws.ToString(last.IPAddress), reason(last)))
	}
	r.extents = append(r.extents, audit.Extent{Name: "last failures of health check " + r.ID, Records: said})
}

// moment is when a checker saw what it tells, and whether that belongs to the outage.
func moment(o types.HealthCheckObservation, outage audit.Window) (time.Time, bool) {
	if o.StatusReport == nil || o.StatusReport.CheckedTime == nil {
		return time.Time{}, false
	}
	at := o.StatusReport.CheckedTime.UTC()
	return at, outage.Around(time.Minute).Holds(at)
}

// maxReason bounds what is kept of a checker's words, in characters.
const maxReason = 300

// reason is the checker's own wording without its leading "Failure:", on one line.
func reason(o types.HealthCheckObservation) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(aws.ToString(o.StatusReport.Status), "?")), " ")
	text = strings.TrimSpace(strings.TrimPrefix(text, "Failure:"))
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "..."
	}
	return text
}
