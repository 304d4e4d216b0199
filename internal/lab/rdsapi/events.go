package rdsapi

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// kept is how long the service keeps events.
const kept = 14 * 24 * time.Hour

type events struct {
	XMLName xml.Name      `xml:"Events"`
	Events  []eventAnswer `xml:"Event"`
}

type eventAnswer struct {
	Source     string   `xml:"SourceIdentifier"`
	SourceType string   `xml:"SourceType"`
	ARN        string   `xml:"SourceArn"`
	Message    string   `xml:"Message"`
	Categories []string `xml:"EventCategories>EventCategory"`
	Date       string   `xml:"Date"`
}

type marker struct {
	XMLName xml.Name `xml:"Marker"`
	Text    string   `xml:",chardata"`
}

// describeEvents answers in the order of time. Without a start it looks back Duration minutes, 60 where that is missing
// too; what is older than 14 days is gone.
// Source: Amazon RDS API reference, "DescribeEvents".
func (s *Server) describeEvents(region string, form url.Values) (any, *failure) {
	from, to, refused := s.interval(form)
	if refused != nil {
		return nil, refused
	}
	sourceType, source := form.Get("SourceType"), form.Get("SourceIdentifier")
	if source != "" && sourceType == "" {
		return nil, &failure{http.StatusBadRequest, "InvalidParameterCombination", "SourceIdentifier needs a SourceType"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []eventAnswer
	for _, e := range s.events {
		if e.region != region || e.at.Before(from) || e.at.After(to) ||
			(sourceType != "" && sourceType != e.sourceType) || (source != "" && !strings.EqualFold(source, e.source)) {
			continue
		}
		found = append(found, eventAnswer{
			Source: e.source, SourceType: e.sourceType, Message: e.message, Categories: e.categories,
			ARN:  "arn:aws:rds:" + region + ":" + Account + ":" + strings.TrimPrefix(e.sourceType, "db-") + ":" + e.source,
			Date: e.at.Format("2006-01-02T15:04:05.000Z"),
		})
	}
	page, next, refused := paged(found, form)
	if refused != nil {
		return nil, refused
	}
	return []any{events{Events: page}, next}, nil
}

// interval is what a request asks for, cut to what the service keeps.
func (s *Server) interval(form url.Values) (from, to time.Time, refused *failure) {
	now := s.options.Clock().UTC()
	to = now
	invalid := func(name string) *failure {
		return &failure{http.StatusBadRequest, "InvalidParameterValue", "invalid value of " + name}
	}
	if text := form.Get("EndTime"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return from, to, invalid("EndTime")
		}
		to = at
	}
	minutes := 60
	if text := form.Get("Duration"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return from, to, invalid("Duration")
		}
		minutes = n
	}
	from = to.Add(-time.Duration(minutes) * time.Minute)
	if text := form.Get("StartTime"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || at.After(to) {
			return from, to, invalid("StartTime")
		}
		from = at
	}
	if oldest := now.Add(-kept); from.Before(oldest) {
		from = oldest
	}
	return from, to, nil
}

// paged cuts one page: MaxRecords 20 to 100, 100 where missing; the marker is where the next one begins, nil at the end.
func paged[T any](all []T, form url.Values) (page []T, next *marker, refused *failure) {
	size := 100
	if text := form.Get("MaxRecords"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 20 || n > 100 {
			return nil, nil, &failure{http.StatusBadRequest, "InvalidParameterValue", "MaxRecords must be from 20 to 100"}
		}
		size = n
	}
	begin := 0
	if text := form.Get("Marker"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(all) {
			return nil, nil, &failure{http.StatusBadRequest, "InvalidParameterValue", "invalid Marker"}
		}
		begin = n
	}
	end := min(begin+size, len(all))
	if end < len(all) {
		next = &marker{Text: strconv.Itoa(end)}
	}
	return all[begin:end], next, nil
}
