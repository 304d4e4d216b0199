package health

import (
	"net/http"
	"strconv"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// query is what the stand-in understands of a request: the lowest HealthCheckStatus of one health check in each period.
type query struct {
	name, check string
	from, to    time.Time
	period      time.Duration
	skip        int // points of earlier pages
}

// metricData answers with the periods that are over, or under way, at the lab's present, oldest first. As in the service,
// the start counts and the end does not, an unknown health check has no points, and what is too old for its period neither.
func (s *Server) metricData(r *http.Request) ([]byte, *failure) {
	body, refused := bodyOf(r)
	if refused != nil {
		return nil, refused
	}
	q, ok := queryOf(body)
	if !ok {
		return nil, &failure{http.StatusBadRequest, "InvalidParameterValue", "only the minimum of HealthCheckStatus of one health check is known here"}
	}
	times, values := s.series(q)
	times, values = times[min(q.skip, len(times)):], values[min(q.skip, len(values)):]
	answer := cbor.Map{"Messages": cbor.List{}}
	status := "Complete"
	if len(times) > s.options.Page {
		times, values, status = times[:s.options.Page], values[:s.options.Page], "PartialData"
		answer["NextToken"] = cbor.String(strconv.Itoa(q.skip + s.options.Page))
	}
	answer["MetricDataResults"] = cbor.List{cbor.Map{
		"Id": cbor.String(q.name), "Label": cbor.String("HealthCheckStatus"), "StatusCode": cbor.String(status),
		"Timestamps": times, "Values": values,
	}}
	return cbor.Encode(answer), nil
}

// series lists the points of a query.
func (s *Server) series(q query) (times, values cbor.List) {
	s.mu.Lock()
	defer s.mu.Unlock()
	times, values = cbor.List{}, cbor.List{}
	c, now := s.checks[q.check], s.options.Clock().UTC()
	if c == nil {
		return times, values
	}
	for at := q.from.Truncate(q.period); at.Before(q.to) && at.Before(now); at = at.Add(q.period) {
		if now.Sub(at) > keptFor(q.period) {
			continue
		}
		if value, told := c.minimum(at, at.Add(q.period)); told {
			times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(at.Unix())})
			values = append(values, cbor.Float64(value))
		}
	}
	return times, values
}

// keptFor is how long points of a period are kept.
func keptFor(period time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case period < 5*time.Minute:
		return 15 * day
	case period < time.Hour:
		return 63 * day
	default:
		return 455 * day
	}
}

func queryOf(body cbor.Map) (query, bool) {
	var q query
	from, errFrom := cbor.AsTime(body["StartTime"])
	to, errTo := cbor.AsTime(body["EndTime"])
	queries, _ := body["MetricDataQueries"].(cbor.List)
	if errFrom != nil || errTo != nil || len(queries) != 1 {
		return q, false
	}
	one, _ := queries[0].(cbor.Map)
	stat, _ := one["MetricStat"].(cbor.Map)
	metric, _ := stat["Metric"].(cbor.Map)
	dimensions, _ := metric["Dimensions"].(cbor.List)
	if len(dimensions) != 1 {
		return q, false
	}
	dimension, _ := dimensions[0].(cbor.Map)
	seconds, err := cbor.AsInt32(stat["Period"])
	if err != nil || seconds < 60 || text(metric["Namespace"]) != "AWS/Route53" || text(metric["MetricName"]) != "HealthCheckStatus" ||
		text(stat["Stat"]) != "Minimum" || text(dimension["Name"]) != "HealthCheckId" || text(body["ScanBy"]) != "TimestampAscending" {
		return q, false
	}
	q = query{name: text(one["Id"]), check: text(dimension["Value"]), from: from.UTC(), to: to.UTC(), period: time.Duration(seconds) * time.Second}
	if token := text(body["NextToken"]); token != "" {
		q.skip, err = strconv.Atoi(token)
	}
	return q, err == nil && q.skip >= 0
}

func text(v cbor.Value) string {
	s, _ := v.(cbor.String)
	return string(s)
}
