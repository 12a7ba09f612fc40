#ifndef SLUICE_CLINUX_H
#define SLUICE_CLINUX_H
#endif
