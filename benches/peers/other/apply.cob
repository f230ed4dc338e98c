      *> The sequential update (balanced line) as it is written in COBOL:
      *> OLDM sorted register, TRANSF notices -> NEWM, RESULTF, REJECTF.
      *> Notices come in UTF-8, sorted here by code; docs/performance.md.
       IDENTIFICATION DIVISION.
       PROGRAM-ID. APPLY.
       ENVIRONMENT DIVISION.
       INPUT-OUTPUT SECTION.
       FILE-CONTROL.
           SELECT OLDM ASSIGN TO "OLDM" ORGANIZATION SEQUENTIAL.
           SELECT TRANSF ASSIGN TO "TRANSF" ORGANIZATION SEQUENTIAL.
           SELECT SORTED ASSIGN TO "SORTED" ORGANIZATION SEQUENTIAL.
           SELECT NEWM ASSIGN TO "NEWM" ORGANIZATION SEQUENTIAL.
           SELECT RESULTF ASSIGN TO "RESULTF" ORGANIZATION SEQUENTIAL.
           SELECT REJECTF ASSIGN TO "REJECTF" ORGANIZATION SEQUENTIAL.
           SELECT SW ASSIGN TO "SORTWK".
       DATA DIVISION.
       FILE SECTION.
       FD OLDM.
       01 OLD-REC.
           COPY "record.cpy" REPLACING ==:P:== BY ==O==.
       FD NEWM.
       01 NEW-REC PIC X(421).
       FD TRANSF.
       01 TI-REC PIC X(430).
       FD SORTED.
       01 T-REC.
           03 T-ID PIC X(8).
           03 T-KIND PIC X.
           03 T-BODY.
           COPY "record.cpy" REPLACING ==:P:== BY ==T==.
       SD SW.
       01 S-REC.
           03 S-ID PIC X(8).
           03 S-KIND PIC X.
           03 S-KEY PIC X(11).
           03 FILLER PIC X(410).
       FD RESULTF.
       01 R-REC.
           03 R-HEAD PIC X(20).
           03 R-RC PIC 99.
           03 R-LF PIC X.
       FD REJECTF.
       01 J-REC.
           03 J-RC PIC 99.
           03 J-BODY PIC X(430).
       WORKING-STORAGE SECTION.
       01 EOF-O PIC 9 VALUE 0.
       01 EOF-T PIC 9 VALUE 0.
       01 KEY-O PIC X(11).
       01 KEY-T PIC X(11).
       01 KEY-C PIC X(11).
       01 LIVE PIC 9 VALUE 0.
       01 HOLD-REC.
           COPY "record.cpy" REPLACING ==:P:== BY ==H==.
       01 RC PIC 99 COMP-5.
       01 CNT-OUT PIC 9(9) COMP-5 VALUE 0.
       01 TAB-CNT. 03 CNT PIC 9(9) COMP-5 OCCURS 99.
       01 W-NUM PIC X(12).
       01 W-D REDEFINES W-NUM. 03 W-DIG PIC 9 OCCURS 12.
       01 W-LEN PIC 99 COMP-5.
       01 W-I PIC S99 COMP-5.
       01 W-P PIC S99 COMP-5.
       01 W-S PIC S9(9) COMP-5.
       01 W-R PIC S9(9) COMP-5.
       01 W-OK PIC 9 COMP-5.
       01 W-DATE PIC X(8).
       01 W-DT REDEFINES W-DATE.
           03 W-Y PIC 9(4). 03 W-M PIC 99. 03 W-DD PIC 99.
       01 DAYS-T VALUE "312831303130313130313031".
           03 DAYS PIC 99 OCCURS 12.
       01 W-MAX PIC 99 COMP-5.
       PROCEDURE DIVISION.
       MAIN-P.
           INITIALIZE TAB-CNT.
           SORT SW ON ASCENDING KEY S-KEY USING TRANSF GIVING SORTED.
           OPEN INPUT OLDM SORTED OUTPUT NEWM RESULTF REJECTF.
           PERFORM READ-O. PERFORM READ-T.
           PERFORM UNTIL EOF-O = 1 AND EOF-T = 1
               IF KEY-O < KEY-T MOVE KEY-O TO KEY-C
               ELSE MOVE KEY-T TO KEY-C END-IF
               IF KEY-O = KEY-C
                   IF KEY-T NOT = KEY-C
                       WRITE NEW-REC FROM OLD-REC
                       ADD 1 TO CNT-OUT
                       PERFORM READ-O
                       EXIT PERFORM CYCLE
                   END-IF
                   MOVE OLD-REC TO HOLD-REC MOVE 1 TO LIVE
                   PERFORM READ-O
               ELSE MOVE 0 TO LIVE END-IF
               PERFORM UNTIL KEY-T NOT = KEY-C
                   PERFORM ONE-TX PERFORM READ-T
               END-PERFORM
               IF LIVE = 1
                   WRITE NEW-REC FROM HOLD-REC ADD 1 TO CNT-OUT
               END-IF
           END-PERFORM.
           CLOSE OLDM SORTED NEWM RESULTF REJECTF.
           DISPLAY "new master " CNT-OUT " 11=" CNT(11) " 21=" CNT(21)
             " 22=" CNT(22) " 31=" CNT(31).
           STOP RUN.
       READ-O.
           READ OLDM AT END MOVE 1 TO EOF-O MOVE HIGH-VALUES TO KEY-O
             NOT AT END MOVE O-1 TO KEY-O END-READ.
       READ-T.
           READ SORTED AT END MOVE 1 TO EOF-T MOVE HIGH-VALUES TO KEY-T
             NOT AT END MOVE T-1 TO KEY-T END-READ.
       ONE-TX.
           MOVE 0 TO RC.
           MOVE T-1 TO W-NUM MOVE 11 TO W-LEN PERFORM CHK.
           IF W-OK = 0 MOVE 11 TO RC ELSE
             MOVE T-7 TO W-NUM MOVE 12 TO W-LEN PERFORM CHK
             IF W-OK = 0 MOVE 12 TO RC ELSE
               MOVE T-4 TO W-DATE PERFORM CHKD
               IF W-OK = 0 MOVE 13 TO RC ELSE
                 MOVE T-9 TO W-DATE PERFORM CHKD
                 IF W-OK = 0 MOVE 14 TO RC END-IF
               END-IF
             END-IF
           END-IF.
           IF RC = 0
             EVALUATE TRUE
               WHEN T-KIND = "I" AND LIVE = 1 MOVE 21 TO RC
               WHEN T-KIND NOT = "I" AND LIVE = 0 MOVE 22 TO RC
               WHEN T-KIND = "A"
                 IF T-2 NOT = H-2 OR T-3 NOT = H-3 OR T-4 NOT = H-4
                  OR T-5 NOT = H-5 OR T-7 NOT = H-7 MOVE 31 TO RC END-IF
               WHEN T-KIND = "N"
                 IF T-4 NOT = H-4 OR T-5 NOT = H-5 OR T-6 NOT = H-6
                  OR T-7 NOT = H-7 MOVE 32 TO RC END-IF
             END-EVALUATE
           END-IF.
           MOVE T-REC TO R-HEAD. MOVE RC TO R-RC. MOVE X"0A" TO R-LF.
           WRITE R-REC.
           IF RC NOT = 0
             ADD 1 TO CNT(RC) MOVE RC TO J-RC MOVE T-REC TO J-BODY
             WRITE J-REC
           ELSE
             EVALUATE T-KIND
               WHEN "R" MOVE 0 TO LIVE
               WHEN "I" MOVE T-BODY TO HOLD-REC MOVE 1 TO LIVE
                 MOVE "0000" TO H-27 MOVE "0002" TO H-26
               WHEN OTHER MOVE H-27 TO T-27 MOVE T-BODY TO HOLD-REC
                 ADD 1 TO H-27N MOVE "0002" TO H-26
             END-EVALUATE
           END-IF.
       CHK.
           MOVE 0 TO W-S W-OK.
           IF W-NUM(1:W-LEN) IS NOT NUMERIC EXIT PARAGRAPH END-IF.
           PERFORM VARYING W-I FROM 1 BY 1 UNTIL W-I >= W-LEN
             COMPUTE W-P = W-LEN - W-I
             IF W-P <= 6 ADD 1 TO W-P ELSE SUBTRACT 5 FROM W-P END-IF
             COMPUTE W-S = W-S + W-DIG(W-I) * W-P
           END-PERFORM.
           COMPUTE W-R = FUNCTION MOD(W-S 11).
           IF W-R <= 1 MOVE 0 TO W-R ELSE COMPUTE W-R = 11 - W-R END-IF.
           IF W-R = W-DIG(W-LEN) MOVE 1 TO W-OK END-IF.
       CHKD.
           MOVE 0 TO W-OK.
           IF W-DATE IS NOT NUMERIC EXIT PARAGRAPH END-IF.
           IF W-Y < 1868 OR W-M < 1 OR W-M > 12 OR W-DD < 1
             EXIT PARAGRAPH END-IF.
           MOVE DAYS(W-M) TO W-MAX.
           IF W-M = 2 AND FUNCTION MOD(W-Y 4) = 0 AND
             (FUNCTION MOD(W-Y 100) NOT = 0 OR
              FUNCTION MOD(W-Y 400) = 0) MOVE 29 TO W-MAX END-IF.
           IF W-DD <= W-MAX MOVE 1 TO W-OK END-IF.
