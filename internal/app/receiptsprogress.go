package app

import "sync"

// bothSides is the progress of both sides of a comparison together, told by several goroutines.
type bothSides struct {
	progress Progress
	stage    string
	unit     int64 // what is told is divided by it; 1 where zero

	mu        sync.Mutex
	done, all [2]int64
	last      int64
}

// at takes how far one side has come, and shows it a thousand times at most.
func (s *bothSides) at(side int, done, all int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[side], s.all[side] = done, max(s.all[side], all)
	now, total := s.done[0]+s.done[1], s.all[0]+s.all[1]
	if now-s.last >= max(total/1000, 1) || now == total {
		s.last = now
		unit := max(s.unit, 1)
		s.progress(s.stage, (now+unit-1)/unit, (total+unit-1)/unit)
	}
}
