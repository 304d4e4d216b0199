package health_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"parallax/internal/audit"
	"parallax/sources/health"
)

// endless always has another page.
type endless struct{ pages int }

func (e *endless) GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	e.pages++
	return &cloudwatch.GetMetricDataOutput{NextToken: aws.String(strconv.Itoa(e.pages))}, nil
}

func TestPagesEnd(t *testing.T) {
	now := time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)
	m := &endless{}
	s := health.Source{ID: "x", Name: "x", Metrics: m, AsOf: now}
	for range s.Read(t.Context(), audit.Window{From: now.Add(-time.Hour), To: now}, audit.Cursor{}) {
		if m.pages > 1000 {
			t.Fatal("still reading pages")
		}
	}
	if m.pages > 1000 {
		t.Errorf("%d pages", m.pages)
	}
}
